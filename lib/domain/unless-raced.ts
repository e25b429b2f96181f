import { DomainError } from "./errors.ts";

/** What a conditional write answers. @returns undefined when its condition did not hold: another write was first */
export async function unlessRaced<T>(write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof DomainError && error.kind === "Conflict") return undefined;
    throw error;
  }
}
