import { DomainError } from "../../domain/errors.ts";

/**
 * LanceDB's errors are plain, with paths and source lines in their text: they are classified here and kept as a cause,
 * never shown. The patterns are those of LanceDB 0.39.
 */
export function fromLance(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (/timed? ?out|deadline|exceeded the time/i.test(text))
    return new DomainError("DeadlineExceeded", "the search took longer than its deadline", { cause: error });
  if (
    /error sending request|connection (refused|reset)|dns error|status(?: code)?: (?:5\d\d|429)|SlowDown|ObjectStore|Generic S3/i.test(
      text,
    )
  )
    return new DomainError("StoreUnavailable", "the object store failed", { cause: error });
  if (
    /commit conflict|incompatible transaction|please retry|too many concurrent writers|commit result for version \d+ is unknown/i.test(
      text,
    )
  )
    return changedMeanwhile(error);
  return new DomainError("Internal", "LanceDB failed", { cause: error });
}

/** To begin again: somebody else's commit came first. */
export function changedMeanwhile(cause?: unknown): DomainError {
  return new DomainError("StoreUnavailable", "the table was changed by another commit at the same time", {
    cause,
  });
}

/** Whether a classified error says that the table, or a file of it, is not there any more. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof DomainError && error.cause instanceof Error && /not found/i.test(error.cause.message)
  );
}

/** Runs a LanceDB call with a deadline of its own: opening has none and hangs with its store for 45 s and more. */
export async function lanceCall<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new DomainError("DeadlineExceeded", `the store did not answer within ${Math.round(timeoutMs)} ms`),
        ),
      Math.max(1, timeoutMs),
    );
  });
  try {
    return await Promise.race([work(), expired]);
  } catch (error) {
    throw fromLance(error);
  } finally {
    clearTimeout(timer);
  }
}
