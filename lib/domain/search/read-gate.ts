import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";

/** How long a read may wait to begin, and whether anybody still waits for it. */
export interface Patience {
  timeoutMs: number;
  signal?: AbortSignal;
}

interface Waiting {
  bytes: number;
  begin(): void;
}

/**
 * Bounds the reads that are under way, by the memory that they take and by their number. The others wait in the order
 * they came, each until its deadline or until nobody waits for it any more.
 */
export class ReadGate {
  readonly #capacity: number;
  readonly #leastBytes: number;
  #free: number;
  readonly #waiting = new Set<Waiting>();

  /** @param bytes of all reads together. @param reads at most at a time */
  constructor({ bytes, reads }: { bytes: number; reads: number }) {
    this.#capacity = bytes;
    this.#free = bytes;
    this.#leastBytes = Math.floor(bytes / reads);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * @param bytes that the work takes; what takes more than there is runs alone
   * @throws TooBusy when it could not begin in time, the signal's reason
   */
  async run<T>(bytes: number, patience: Patience, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(this.#capacity, Math.max(this.#leastBytes, bytes));
    patience.signal?.throwIfAborted();
    if (this.#waiting.size === 0 && taken <= this.#free) this.#free -= taken;
    else await this.#turn(taken, patience);
    try {
      return await work();
    } finally {
      this.#free += taken;
      this.#beginNext();
    }
  }

  #turn(bytes: number, { timeoutMs, signal }: Patience): Promise<void> {
    if (this.#waiting.size >= limits.maxWaitingReads) throw tooBusy();
    return new Promise((resolve, reject) => {
      const waiting = { bytes, begin: () => settle(resolve) };
      const settle = (how: () => void) => {
        this.#waiting.delete(waiting);
        clearTimeout(timer);
        signal?.removeEventListener("abort", abandon);
        how();
      };
      const giveUp = (reason: unknown) => {
        settle(() => reject(reason));
        this.#beginNext(); // one behind it may need less
      };
      const abandon = () => giveUp(signal?.reason);
      const timer = setTimeout(() => giveUp(tooBusy()), Math.max(0, timeoutMs - limits.busyMarginMs));
      signal?.addEventListener("abort", abandon);
      this.#waiting.add(waiting);
    });
  }

  #beginNext(): void {
    for (const { bytes, begin } of this.#waiting) {
      if (bytes > this.#free) return;
      this.#free -= bytes;
      begin();
    }
  }
}

const tooBusy = () => new DomainError("TooBusy", "other searches took all the time that this one had");
