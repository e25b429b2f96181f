import { DomainError } from "../errors.ts";

/** How many requests of each caller are under way in this process. */
export class RequestsUnderWay {
  readonly #counts = new Map<string, number>();

  /** @returns what ends it @throws TooManyRequests */
  begin(who: string, most: number): () => void {
    const count = this.#counts.get(who) ?? 0;
    if (count >= most)
      throw new DomainError("TooManyRequests", `the key may have ${most} requests under way at a time`);
    this.#counts.set(who, count + 1);
    return () => this.#end(who);
  }

  #end(who: string): void {
    const left = (this.#counts.get(who) ?? 1) - 1;
    if (left > 0) this.#counts.set(who, left);
    else this.#counts.delete(who);
  }
}
