import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";

/**
 * Work on many, some of them at a time, as long as there is time: each round is made as long as the one before lets expect
 * that there is time for. What a round was doing that did not end in time is left out.
 * @param first how many the first round is of; one at least
 * @param left of the time, in ms
 * @returns what came of each, in order, of as many as there was time for
 */
export async function inRounds<T, R>(
  items: readonly T[],
  first: number,
  left: () => number,
  work: (some: T[]) => Promise<R[]>,
): Promise<R[]> {
  const done: R[] = [];
  let size = Math.max(1, first);
  while (done.length < items.length && left() > 0) {
    const before = left();
    const round = await work(items.slice(done.length, done.length + size)).catch((error) =>
      undefinedIfLate(error, done.length > 0),
    );
    if (!round) break;
    done.push(...round);
    const took = before - left();
    if (left() < limits.measuredRoundMargin * took) break;
    const share = (limits.measuredRoundShare * left()) / Math.max(1, took);
    size = Math.max(round.length, Math.floor(round.length * share));
  }
  return done;
}

/** That others took the time is an answer only where there is none. */
function undefinedIfLate(error: unknown, isSomeDone: boolean): undefined {
  if (error instanceof DomainError) {
    if (error.kind === "DeadlineExceeded" || (error.kind === "TooBusy" && isSomeDone)) return undefined;
  }
  throw error;
}
