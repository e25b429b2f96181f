import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { ErrorKind } from "../error-table.ts";
import { DomainError } from "../errors.ts";
import { formats, type StoredKind } from "./formats.ts";
import { keepingUnknown } from "./unknown-fields.ts";

/** Whose document it is. */
export interface Origin {
  kind: StoredKind;
  /** As an error names it: `index "docs"`. */
  what: string;
  /** What helps whoever asks, where it is damaged. */
  remedy: string;
}

/**
 * A stored document as its schema reads it, with what the schema does not know.
 * @throws EntryDamaged, NeedsNewerRelease
 */
export function parseStored<S extends z.ZodType>(schema: S, body: Uint8Array, origin: Origin): z.output<S> {
  if (body.length > limits.maxDocumentBytes) throw entryDamaged(origin);
  const value = jsonIn(body, origin);
  const format = formatOf(value);
  if (isNewer(format, origin.kind)) throw needsNewerRelease(origin, format);
  if (!isFormat.safeParse(format).success) throw entryDamaged(origin);
  const parsed = keepingUnknown(schema).safeParse(value);
  if (parsed.success) return parsed.data;
  throw entryDamaged(origin, parsed.error);
}

/**
 * For what is about to be written over, or to be left as it is: it may be damaged, but not newer.
 * @throws NeedsNewerRelease
 */
export function refuseNewer(stored: { body: Uint8Array } | undefined, origin: Origin): void {
  const format = newerFormat(stored, origin.kind);
  if (format) throw needsNewerRelease(origin, format);
}

/** The format of a document, where this release does not know it. */
export function newerFormat(stored: { body: Uint8Array } | undefined, kind: StoredKind): number | undefined {
  try {
    const format = stored && formatOf(JSON.parse(new TextDecoder().decode(stored.body)));
    return isNewer(format, kind) ? format : undefined;
  } catch {
    return undefined; // it is damaged, which is for whoever reads it to say
  }
}

function isNewer(format: unknown, kind: StoredKind): format is number {
  return typeof format === "number" && format > formats[kind];
}

const isFormat = z.int().min(1);

/** What is no object has no format of its own, as some results of tasks. */
function formatOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "format")
    ? (value as { format: unknown }).format
    : 1;
}

function jsonIn(body: Uint8Array, origin: Origin): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    throw entryDamaged(origin, error);
  }
}

export function entryDamaged({ what, remedy }: Omit<Origin, "kind">, cause?: unknown): DomainError {
  return new DomainError("EntryDamaged", `what is stored of ${what} cannot be read: ${remedy}`, { cause });
}

function needsNewerRelease({ kind, what }: Origin, format: number): DomainError {
  const detail = `what is stored of ${what} was written by a newer release: its format is ${format}, and this release reads ${formats[kind]} at most. Deploy that release, or one after it`;
  return new DomainError("NeedsNewerRelease", detail);
}

/** Why a list shows of something no more than its name. */
export type Unreadable = "damaged" | "needs-newer-release";

const unreadable: Partial<Record<ErrorKind, Unreadable>> = {
  EntryDamaged: "damaged",
  JobNotFound: "damaged", // half of it is gone
  NeedsNewerRelease: "needs-newer-release",
};

/** What a list shows: the value, or what stands for one that cannot be read. @throws anything else */
export async function unlessUnreadable<T, D>(
  read: () => Promise<T>,
  instead: (why: Unreadable) => D,
): Promise<T | D> {
  try {
    return await read();
  } catch (error) {
    const why = error instanceof DomainError ? unreadable[error.kind] : undefined;
    if (why) return instead(why);
    throw error;
  }
}

/** Whether what failed is left to a newer release. */
export const needsNewer = (error: unknown): boolean =>
  error instanceof DomainError && error.kind === "NeedsNewerRelease";
