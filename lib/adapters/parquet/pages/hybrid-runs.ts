import { readVarint } from "../../varint.ts";

/** More than levels and the dictionaries of a page of usual size need; with the bits before them they are 31. */
const maxBitWidth = 24;

/**
 * Goes through numbers in Parquet's run-length/bit-packing hybrid run by run: levels, and indices of a dictionary.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#RLE
 */
export class HybridRuns {
  readonly bytes: Uint8Array;
  readonly bitWidth: number;
  /** Where the next run begins. */
  readonly #next: { at: number };
  /** Numbers in the run; a packed one is filled up to a multiple of 8. */
  count = 0;
  packed = false;
  /** The number that the run repeats, when it is not packed. */
  value = 0;
  /** Where a packed run's numbers begin. */
  start = 0;

  constructor(bytes: Uint8Array, bitWidth: number, start = 0) {
    if (bitWidth > maxBitWidth) throw new Error(`numbers of ${bitWidth} bits are not known`);
    this.bytes = bytes;
    this.bitWidth = bitWidth;
    this.#next = { at: start };
  }

  /** Moves on to the next run. @throws Error where there is no whole one */
  advance(): void {
    const header = readVarint(this.bytes, this.#next, 5);
    this.packed = header % 2 === 1;
    this.start = this.#next.at;
    this.count = this.packed ? 8 * ((header - 1) / 2) : header / 2;
    const width = this.packed ? (this.count / 8) * this.bitWidth : Math.ceil(this.bitWidth / 8);
    // the last run of a page may leave out the bytes of what only fills it up
    this.#next.at = Math.min(this.bytes.length, this.start + width);
    if (this.count === 0) throw new Error("a run is empty");
    if (this.packed) return;
    if (this.#next.at !== this.start + width) throw new Error("a run ends too early");
    this.value = 0;
    for (let i = width - 1; i >= 0; i--)
      this.value = this.value * 256 + (this.bytes[this.start + i] as number);
  }

  /** The number at a place of a packed run. @throws Error when its bytes are not there */
  packedAt(place: number): number {
    const { bytes, bitWidth } = this;
    const bit = place * bitWidth;
    const at = this.start + (bit >>> 3);
    if (this.start + ((bit + bitWidth + 7) >>> 3) > bytes.length) throw new Error("a run ends too early");
    const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    const word = low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    return (word >>> (bit & 7)) & ((1 << bitWidth) - 1);
  }
}
