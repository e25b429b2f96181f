import type { Context } from "aws-lambda";
import { limits } from "../config/limits.ts";
import { DomainError } from "../domain/errors.ts";

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

/** @throws DeadlineExceeded when the work has not ended in time; the work itself is told its time where it can stop */
export async function withDeadline<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new DomainError("DeadlineExceeded", "the request took too long")),
      Math.max(0, timeoutMs),
    );
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
