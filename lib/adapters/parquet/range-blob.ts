type ReadRange = (start: number, end: number) => Promise<Uint8Array>;

/** A Blob whose bytes are read when they are asked for: parquet-wasm reads footers and row groups from it. */
export class RangeBlob extends Blob {
  readonly #bytes: number;
  readonly #read: ReadRange;
  readonly #start: number;

  constructor(bytes: number, read: ReadRange, start = 0) {
    super([]);
    this.#bytes = bytes;
    this.#read = read;
    this.#start = start;
  }

  override get size(): number {
    return this.#bytes;
  }

  override slice(start = 0, end = this.#bytes): Blob {
    const [from, to] = [this.#inside(start), this.#inside(end)];
    return new RangeBlob(Math.max(0, to - from), this.#read, this.#start + from);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#read(this.#start, this.#start + this.#bytes);
    if (bytes.length !== this.#bytes)
      throw new Error(`file is shorter than ${this.#start + this.#bytes} bytes`);
    if (bytes.byteLength === bytes.buffer.byteLength) return bytes.buffer as ArrayBuffer;
    return bytes.slice().buffer as ArrayBuffer;
  }

  /** As of Blob: negative positions count from the end, others are cut at it. */
  #inside(position: number): number {
    const absolute = position < 0 ? this.#bytes + position : position;
    return Math.min(Math.max(0, absolute), this.#bytes);
  }
}
