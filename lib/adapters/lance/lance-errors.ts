import { DomainError, storeFull } from "../../domain/errors.ts";
import { within } from "../../domain/within.ts";
import { storeError, toldByCode } from "../store/s3-errors.ts";

/**
 * LanceDB's errors are plain, with paths and source lines in their text: they are classified here and kept as a cause,
 * never shown. The patterns are those of LanceDB 0.39.
 */
export function fromLance(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const writes = isOfWrite(text);
  const told = toldByCode(error, writes);
  if (told) return told;
  if (/status(?: code)?: 40[13]\b/.test(text)) return storeError(error, { status: 403, writes });
  if (/no space left on device|quota exceeded|QuotaExceeded|StorageFull|status(?: code)?: 507/i.test(text))
    return storeFull(error, /lance-\d+-own/.test(text) ? "on the temporary disk" : undefined);
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
  if (/resources exhausted/i.test(text))
    return new DomainError("StoreUnavailable", outOfMemory, { cause: error });
  return new DomainError("Internal", "LanceDB failed", { cause: error });
}

const outOfMemory = "LanceDB had no memory left for this beside its other work";

/** Whether a classified error says that LanceDB's own bound of memory was reached. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof DomainError && error.message === outOfMemory;
}

/**
 * How many clusters the vectors form, where LanceDB refuses to make more partitions of them.
 * @param error classified
 */
export function clustersIn(error: unknown): number | undefined {
  if (!(error instanceof DomainError && error.cause instanceof Error)) return undefined;
  const [, clusters] = /could only form (\d+) non-empty clusters/.exec(error.cause.message) ?? [];
  return clusters === undefined ? undefined : Number(clusters);
}

/** Which request of LanceDB's failed, of those that it tells. */
function isOfWrite(text: string): boolean {
  const [, performed, asked] = /Error performing (\w+)|RetryErrorImpl \{ method: (\w+)/.exec(text) ?? [];
  return !["GET", "HEAD"].includes(performed ?? asked ?? "GET");
}

/**
 * Whether a call that LanceDB keeps to itself takes other arguments than it did: nothing was done then. What it
 * meets while it works it tells otherwise (`GenericFailure`).
 */
export function isRefusedCall(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code === "InvalidArg" || code.endsWith("Expected");
}

/** Whether texts are to be cut by a dictionary that LanceDB does not find. */
export function isOfDictionary(error: unknown): boolean {
  return error instanceof Error && /invalid directory path|language model/i.test(error.message);
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
  return within(timeoutMs, work(), () => {
    const detail = `the store did not answer within ${Math.round(timeoutMs)} ms`;
    throw new DomainError("DeadlineExceeded", detail);
  }).catch((error) => {
    throw fromLance(error);
  });
}
