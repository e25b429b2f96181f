import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";

/** How many requests a key may send a second, and how many at once after a pause; as many without it. */
export interface Rate {
  perSecond: number;
  burst?: number | undefined;
}

/** What each key has left, in this process: of a bucket that fills again by its rate. */
export class RequestRates {
  /** The least recently used first. */
  readonly #left = new Map<string, { requests: number; at: number }>();

  /** @throws TooManyRequests */
  take(id: string, { perSecond, burst = perSecond }: Rate, now: number): void {
    const { requests, at } = this.#left.get(id) ?? { requests: burst, at: now };
    const filled = Math.min(burst, requests + (Math.max(0, now - at) / 1_000) * perSecond);
    if (filled < 1)
      throw new DomainError(
        "TooManyRequests",
        `the key may send ${perSecond} a second, and ${burst} at once`,
      );
    this.#left.delete(id);
    this.#left.set(id, { requests: filled - 1, at: now });
    const [oldest] = this.#left.keys();
    if (this.#left.size > limits.maxKnownKeys && oldest !== undefined) this.#left.delete(oldest);
  }
}
