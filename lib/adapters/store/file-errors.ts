export const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Nothing is there, or something else than a file. */
export const isAbsent = (error: unknown) => ["ENOENT", "ENOTDIR", "EISDIR"].includes(codeOf(error) ?? "");

/** @returns undefined @throws other errors than that nothing is there */
export function ifThere(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
}
