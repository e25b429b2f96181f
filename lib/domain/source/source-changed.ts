import { DomainError } from "../errors.ts";

/**
 * A file is no longer the one that its reader saw before: rows of both would be mixed.
 * @param what became of it
 */
export function sourceChanged(file: string, what = "has changed"): DomainError {
  const message = `${what} since the job began to read it; start another job when nobody writes to its source`;
  return new DomainError("SourceChanged", `${file}: ${message}`, { issues: [{ path: file, message }] });
}
