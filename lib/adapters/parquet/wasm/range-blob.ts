import type { ReadRange } from "../pages/file-tail.ts";
import type { ParquetWasm } from "./parquet-wasm.ts";

/** A Blob whose bytes are read when they are asked for: parquet-wasm reads footers and row groups from it. */
export class RangeBlob extends Blob {
  readonly #bytes: number;
  readonly #read: ReadRange;
  readonly #memory: ParquetWasm["wasmMemory"];
  readonly #notReleased: () => void;
  readonly #start: number;

  /**
   * @param memory that parquet-wasm copies into, as it says itself
   * @param notReleased is called when a large range is left to the garbage collector
   */
  constructor(
    bytes: number,
    read: ReadRange,
    memory: ParquetWasm["wasmMemory"],
    notReleased: () => void,
    start = 0,
  ) {
    super([]);
    this.#notReleased = notReleased;
    this.#bytes = bytes;
    this.#read = read;
    this.#memory = memory;
    this.#start = start;
  }

  override get size(): number {
    return this.#bytes;
  }

  override slice(start = 0, end = this.#bytes): Blob {
    const [from, to] = [this.#inside(start), this.#inside(end)];
    return new RangeBlob(
      Math.max(0, to - from),
      this.#read,
      this.#memory,
      this.#notReleased,
      this.#start + from,
    );
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#read(this.#start, this.#start + this.#bytes);
    if (bytes.length !== this.#bytes)
      throw new Error(`file is shorter than ${this.#start + this.#bytes} bytes`);
    const whole = bytes.byteLength === bytes.buffer.byteLength;
    const buffer = (whole ? bytes : bytes.slice()).buffer as ArrayBuffer;
    if (buffer.byteLength >= largeBytes) void releaseOnceCopied(buffer, this.#memory, this.#notReleased);
    return buffer;
  }

  /** As of Blob: negative positions count from the end, others are cut at it. */
  #inside(position: number): number {
    const absolute = position < 0 ? this.#bytes + position : position;
    return Math.min(Math.max(0, absolute), this.#bytes);
  }
}

/** From here on it matters that a buffer does not live beside its copies. */
const largeBytes = 64 * 1_048_576;

/**
 * Lets go of a buffer that parquet-wasm has copied into its own memory, which then has grown by it. It makes a second
 * copy right after, in the same run of microtasks, without which a row group of 307 MB would be there three times.
 * A buffer whose copying does not show is left to the garbage collector.
 */
async function releaseOnceCopied(
  buffer: ArrayBuffer,
  memory: ParquetWasm["wasmMemory"],
  notReleased: () => void,
): Promise<void> {
  const before = memory().buffer.byteLength;
  for (let turn = 0; turn < 64; turn++) {
    await undefined;
    if (memory().buffer.byteLength - before < buffer.byteLength) continue;
    buffer.transfer(0);
    return;
  }
  notReleased();
}
