/**
 * Bytes of a flatbuffer, of which so many are read at most as there are twice: parts that are named more than once would be
 * read as often, and a few bytes could stand for more than there is memory. Reading beyond the end throws.
 */
export class FlatBytes {
  readonly view: DataView;
  #left: number;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#left = 2 * bytes.byteLength;
  }

  /** @throws RangeError */
  spend(at: number, length: number): void {
    this.#left -= length;
    if (at < 0 || at + length > this.view.byteLength || this.#left < 0)
      throw new RangeError("a part lies beyond the end, or parts are named too often");
  }
}

/** A table of a flatbuffer: https://flatbuffers.dev/internals */
export class FlatTable {
  readonly #flat: FlatBytes;
  readonly #at: number;

  constructor(flat: FlatBytes, at: number) {
    flat.spend(at, 4);
    this.#flat = flat;
    this.#at = at;
  }

  static root(flat: FlatBytes): FlatTable {
    return new FlatTable(flat, flat.view.getUint32(0, true));
  }

  has(field: number): boolean {
    return this.#place(field) !== undefined;
  }

  byte(field: number): number {
    const at = this.#place(field);
    return at === undefined ? 0 : this.#flat.view.getUint8(at);
  }

  /** Of 64 bits. @throws RangeError where it is negative, or no safe integer */
  count(field: number): number {
    const at = this.#place(field);
    return at === undefined ? 0 : countAt(this.#flat.view, at);
  }

  table(field: number): FlatTable | undefined {
    const at = this.#place(field);
    return at === undefined ? undefined : new FlatTable(this.#flat, this.#target(at));
  }

  tables(field: number): FlatTable[] {
    const { start, length } = this.#vector(field, 4);
    return Array.from({ length }, (_, i) => new FlatTable(this.#flat, this.#target(start + 4 * i)));
  }

  /** Reads its bytes off what may be read. */
  spendText(field: number): void {
    this.#vector(field, 1);
  }

  /** Structs of two numbers of 64 bits. */
  pairs(field: number): [number, number][] {
    const { start, length } = this.#vector(field, 16);
    const { view } = this.#flat;
    return Array.from({ length }, (_, i) => [
      countAt(view, start + 16 * i),
      countAt(view, start + 16 * i + 8),
    ]);
  }

  #vector(field: number, width: number): { start: number; length: number } {
    const at = this.#place(field);
    if (at === undefined) return { start: 0, length: 0 };
    const start = this.#target(at);
    const length = this.#flat.view.getUint32(start, true);
    this.#flat.spend(start + 4, length * width);
    return { start: start + 4, length };
  }

  #target(at: number): number {
    return at + this.#flat.view.getUint32(at, true);
  }

  #place(field: number): number | undefined {
    const { view } = this.#flat;
    const described = this.#at - view.getInt32(this.#at, true);
    const entry = 4 + 2 * field;
    if (entry + 2 > view.getUint16(described, true)) return undefined;
    const offset = view.getUint16(described + entry, true);
    return offset === 0 ? undefined : this.#at + offset;
  }
}

function countAt(view: DataView, at: number): number {
  const value = Number(view.getBigInt64(at, true));
  if (value < 0 || !Number.isSafeInteger(value)) throw new RangeError("a number is out of its range");
  return value;
}
