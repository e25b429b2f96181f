import type { Context } from "aws-lambda";
import { limits } from "../config/limits.ts";
import { DomainError } from "../domain/errors.ts";
import { within } from "../domain/within.ts";

/** What is left of a request: its own limit, or the function's less what it takes to answer. */
export function deadlineOf(
  context: Pick<Context, "getRemainingTimeInMillis">,
  timeoutMs: number | undefined,
): () => number {
  const ofFunction = context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
  const allowed = Math.min(timeoutMs ?? limits.defaultRequestTimeoutMs, ofFunction - limits.deadlineMarginMs);
  const ends = performance.now() + allowed;
  return () => ends - performance.now();
}

/**
 * @param client is aborted when nobody waits for the answer any more, where that can be seen
 * @param work is told by its signal when it is to begin nothing more
 * @throws DeadlineExceeded when the work has not ended in time, ClientGone
 */
export async function withDeadline<T>(
  timeoutMs: number,
  client: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const { signal } = end;
  const gone = () => end.abort(new DomainError("ClientGone", "the client went away"));
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  client?.addEventListener("abort", gone);
  if (client?.aborted) gone();
  try {
    return await within(timeoutMs, Promise.race([ended, signal.aborted ? ended : work(signal)]), () => {
      end.abort(new DomainError("DeadlineExceeded", "the request took too long"));
      throw signal.reason;
    });
  } finally {
    client?.removeEventListener("abort", gone);
  }
}
