import { limits } from "../../../config/limits.ts";
import type { PageRanges } from "./range-memory.ts";

interface Range {
  start: number;
  bytes: Uint8Array;
}

/** The bytes of a column chunk, read in ranges from its start on, one ahead of what is asked for. */
export class ChunkBytes {
  readonly #ranges: PageRanges;
  readonly #end: number;
  /** What is read and may still be asked for, without gaps. */
  #held: Range[] = [];
  #ahead: { start: number; bytes: Promise<Uint8Array> } | undefined;

  /** @param end of the chunk in the file, exclusive */
  constructor(ranges: PageRanges, end: number) {
    this.#ranges = ranges;
    this.#end = end;
  }

  /**
   * Places never go back, and bytes are good as long as nothing after them is asked for. What lies in two ranges is
   * copied together.
   * @throws Error for bytes that are not of the chunk; what reading them throws
   */
  async at(start: number, length: number): Promise<Uint8Array> {
    if (length > this.#end - start) throw new Error("a page ends after its column chunk");
    this.#letGoBefore(start);
    const wanted = start + length;
    let end = Math.max(start, ...this.#held.map(endOf));
    while (end < wanted) {
      const bytes = await this.#next(end, wanted - end);
      this.#held.push({ start: end, bytes });
      end += bytes.length;
      if (end >= wanted) this.#readAhead(end);
    }
    const parts = this.#held
      .filter((range) => range.start < wanted)
      .map((range) => range.bytes.subarray(Math.max(0, start - range.start), wanted - range.start));
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  /** Nothing more will be asked for. */
  release(): void {
    this.#letGoBefore(this.#end);
  }

  #letGoBefore(start: number): void {
    for (const range of this.#held) if (endOf(range) <= start) this.#ranges.giveBack(range.bytes);
    this.#held = this.#held.filter((range) => endOf(range) > start);
  }

  /** What was read ahead if it begins here, else at least these bytes. */
  async #next(start: number, length: number): Promise<Uint8Array> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const size = Math.max(length, Math.min(limits.chunkRangeBytes, this.#end - start));
    const bytes = await (ahead?.start === start ? ahead.bytes : this.#ranges.read(start, start + size));
    if (bytes.length === 0) throw new Error("the file is shorter than its column chunk");
    return bytes;
  }

  #readAhead(start: number): void {
    if (start >= this.#end) return;
    const bytes = this.#ranges.read(start, Math.min(this.#end, start + limits.chunkRangeBytes));
    bytes.catch(() => undefined); // thrown when it is asked for
    this.#ahead = { start, bytes };
  }
}

const endOf = ({ start, bytes }: Range) => start + bytes.length;
