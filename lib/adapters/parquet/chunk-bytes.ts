import { limits } from "../../config/limits.ts";
import type { ReadRange } from "./file-tail.ts";

interface Range {
  start: number;
  bytes: Uint8Array;
}

/** The bytes of a column chunk, read in ranges from its start on, one ahead of what is asked for. */
export class ChunkBytes {
  readonly #read: ReadRange;
  readonly #end: number;
  #held: Range = { start: 0, bytes: new Uint8Array() };
  #ahead: { start: number; bytes: Promise<Uint8Array> } | undefined;

  /** @param end of the chunk in the file, exclusive */
  constructor(read: ReadRange, end: number) {
    this.#read = read;
    this.#end = end;
  }

  /**
   * Places never go back; bytes given are good until the next call.
   * @throws Error for bytes that are not of the chunk; what reading them throws
   */
  async at(start: number, length: number): Promise<Uint8Array> {
    if (length > this.#end - start) throw new Error("a page ends after its column chunk");
    const offset = start - this.#held.start;
    if (offset < 0 || offset + length > this.#held.bytes.length) await this.#advance(start, length);
    return this.#held.bytes.subarray(start - this.#held.start).subarray(0, length);
  }

  async #advance(start: number, length: number): Promise<void> {
    const held = this.#held;
    const kept = start >= held.start ? held.bytes.subarray(start - held.start) : held.bytes.subarray(0, 0);
    const parts = [kept];
    let at = start + kept.length;
    while (at < start + length) {
      const bytes = await this.#next(at, start + length - at);
      parts.push(bytes);
      at += bytes.length;
    }
    this.#held = {
      start,
      bytes: parts.length === 2 && kept.length === 0 ? (parts[1] as Uint8Array) : Buffer.concat(parts),
    };
    this.#readAhead(at);
  }

  /** What was read ahead if it begins here, else at least these bytes. */
  async #next(start: number, length: number): Promise<Uint8Array> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const size = Math.max(length, Math.min(limits.chunkRangeBytes, this.#end - start));
    const bytes = await (ahead?.start === start ? ahead.bytes : this.#read(start, start + size));
    if (bytes.length === 0) throw new Error("the file is shorter than its column chunk");
    return bytes;
  }

  #readAhead(start: number): void {
    if (start >= this.#end) return;
    const bytes = this.#read(start, Math.min(this.#end, start + limits.chunkRangeBytes));
    bytes.catch(() => undefined); // thrown when it is asked for
    this.#ahead = { start, bytes };
  }
}
