import type { z } from "zod";
import { limits } from "../config/limits.ts";
import { DomainError, type ErrorKind } from "./errors.ts";

/**
 * A stored document as its schema reads it.
 * @param what it is of, as the error names it: `index "docs"`
 * @param remedy what helps, for the caller
 * @throws EntryDamaged
 */
export function parseStored<S extends z.ZodType>(
  schema: S,
  body: Uint8Array,
  what: string,
  remedy: string,
): z.output<S> {
  if (body.length > limits.maxDocumentBytes) throw entryDamaged(what, remedy);
  const parsed = schema.safeParse(jsonIn(body, what, remedy));
  if (parsed.success) return parsed.data;
  throw entryDamaged(what, remedy, parsed.error);
}

function jsonIn(body: Uint8Array, what: string, remedy: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    throw entryDamaged(what, remedy, error);
  }
}

export function entryDamaged(what: string, remedy: string, cause?: unknown): DomainError {
  return new DomainError("EntryDamaged", `what is stored of ${what} cannot be read: ${remedy}`, { cause });
}

const damages: ReadonlySet<ErrorKind> = new Set(["EntryDamaged", "JobNotFound"]);

/** What a list shows: the value, or what stands for one that is damaged or half gone. @throws anything else */
export async function unlessDamaged<T, D>(read: () => Promise<T>, damaged: () => D): Promise<T | D> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DomainError && damages.has(error.kind)) return damaged();
    throw error;
  }
}
