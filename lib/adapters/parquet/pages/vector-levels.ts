import { HybridRuns } from "./hybrid-runs.ts";
import { NotReadHere } from "./not-read-here.ts";

/**
 * Checks that none of a page's values is null: every definition level is the highest. Takes a step a run.
 * @throws Error otherwise
 */
export function refuseUndefined(levels: Uint8Array, highest: number, count: number): void {
  const runs = new HybridRuns(levels, bitWidthOf(highest));
  for (let seen = 0; seen < count; seen += runs.count) {
    runs.advance();
    if (!runs.packed && runs.value !== highest)
      throw new NotReadHere("null-or-other-length", "a value is null");
    if (runs.packed) refuseUndefinedIn(runs, highest, Math.min(runs.count, count - seen));
  }
}

/** Packed levels take one or two bits, so that a byte of the highest ones is known. */
function refuseUndefinedIn(runs: HybridRuns, highest: number, count: number): void {
  const inByte = 8 / runs.bitWidth;
  const whole = highest * (inByte === 8 ? 0xff : 0x55);
  for (let place = 0; place < count; ) {
    const skips = place + inByte <= count && runs.bytes[runs.start + place / inByte] === whole;
    if (!skips && runs.packedAt(place) !== highest)
      throw new NotReadHere("null-or-other-length", "a value is null");
    place += skips ? inByte : 1;
  }
}

/** Of levels up to this one. */
const bitWidthOf = (highest: number) => 32 - Math.clz32(highest);

/**
 * Follows the repetition levels of lists from page to page, which may begin in the middle of a row: a level of 0 begins
 * a row, 1 goes on with it. Every row must have the same number of values.
 */
export class RowBounds {
  readonly #dimension: number;
  /** Values of the row under way, 0 between two. */
  #position = 0;

  constructor(dimension: number) {
    this.#dimension = dimension;
  }

  get betweenRows(): boolean {
    return this.#position === 0;
  }

  /** Goes past values whose levels nobody looks at. */
  skip(count: number): void {
    this.#position = (this.#position + count) % this.#dimension;
  }

  /** Takes a step a run; packed ones of long rows a step a byte. @throws Error for a row of another length */
  follow(levels: Uint8Array, count: number): void {
    const runs = new HybridRuns(levels, 1);
    for (let seen = 0; seen < count; seen += runs.count) {
      runs.advance();
      const left = Math.min(runs.count, count - seen);
      if (runs.packed) this.#followPacked(runs, left);
      else this.#followRun(runs.value, left);
    }
  }

  #followRun(level: number, count: number): void {
    if (level > 1) throw new Error("a list lies in a list");
    const starts = level === 0;
    const fits = starts
      ? this.#position === 0 && (count === 1 || this.#dimension === 1)
      : this.#position > 0 && count <= this.#dimension - this.#position;
    if (!fits) throw new NotReadHere("null-or-other-length", "a row has another length");
    this.skip(count);
  }

  #followPacked(runs: HybridRuns, count: number): void {
    for (let place = 0; place < count; ) {
      const inside = this.#position > 0 && this.#position + 8 <= this.#dimension;
      if (inside && place % 8 === 0 && place + 8 <= count && runs.bytes[runs.start + place / 8] === 0xff) {
        this.skip(8);
        place += 8;
      } else this.#followRun(runs.packedAt(place++), 1);
    }
  }
}
