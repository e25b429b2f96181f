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

const maxAttempts = 20;

/**
 * Reads, decides, writes on condition that nobody else did, and again when somebody was faster.
 * @param changeOf what writes the change of what was read; undefined to leave it as it is
 * @throws Conflict when others are faster all the time, and whatever the three throw
 */
export async function changed<T>(
  read: () => Promise<T>,
  changeOf: (current: T) => (() => Promise<T>) | undefined,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const current = await read();
    const write = changeOf(current);
    if (!write) return current;
    if (attempt === maxAttempts) return write();
    const written = await unlessRaced(write);
    if (written !== undefined) return written;
  }
}
