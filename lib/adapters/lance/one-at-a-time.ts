import { DomainError } from "../../domain/errors.ts";

/** Work that one does after the other, in the order they came. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  /** @throws DeadlineExceeded when its turn has not come in time: then it never begins */
  async run<T>(waitMs: number, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#last = before.then(() => ended);
    try {
      await inTime(before, waitMs);
      return await work();
    } finally {
      end();
    }
  }
}

async function inTime(turn: Promise<unknown>, waitMs: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new DomainError("DeadlineExceeded", `others took more than ${waitMs} ms`)),
    waitMs,
  );
  try {
    await Promise.race([turn, late]);
  } finally {
    clearTimeout(timer);
  }
}
