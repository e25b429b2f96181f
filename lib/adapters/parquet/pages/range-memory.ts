import { limits } from "../../../config/limits.ts";

/** Ranges of a file, and memory that is used again for those to come. */
export interface PageRanges {
  /** Fewer bytes where the file ends before. */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Nobody will look at these any more. */
  giveBack(bytes: Uint8Array): void;
}

/**
 * Memory for one range after the other. It is shared between threads, as V8 counts what is not and collects garbage
 * each time such memory comes and goes (bench/NOTES.md).
 */
export class RangeMemory {
  #free: SharedArrayBuffer[] = [];

  take(bytes: number): Uint8Array {
    const memory = bytes <= limits.chunkRangeBytes ? this.#free.pop() : undefined;
    return new Uint8Array(memory ?? new SharedArrayBuffer(Math.max(bytes, limits.chunkRangeBytes)), 0, bytes);
  }

  giveBack({ buffer }: Uint8Array): void {
    if (buffer.byteLength === limits.chunkRangeBytes) this.#free.push(buffer as SharedArrayBuffer);
  }
}
