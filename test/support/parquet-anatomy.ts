/** An integer somewhere in thrift's compact encoding: a field, or the length of a string or list. */
export interface ThriftNumber {
  /** Field ids and positions in lists from the outermost struct on: `4.0.3` is the rows of the first row group. */
  path: string;
  kind: "integer" | "length" | "list";
  start: number;
  /** Exclusive. */
  end: number;
  value: bigint;
}

/** Where a column's part of a row group has its pages. */
export interface Page {
  header: { start: number; end: number; numbers: ThriftNumber[] };
  data: { start: number; end: number };
}

/** Where a Parquet file has what can be damaged. */
export interface Anatomy {
  footer: { start: number; end: number; numbers: ThriftNumber[] };
  pages: Page[];
}

/** Takes a good file apart, without the reader whose behaviour on damaged ones is to be seen. */
export function anatomyOf(bytes: Uint8Array): Anatomy {
  const end = bytes.length - 8;
  const start = end - new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true);
  const { numbers } = walkStruct(bytes, start);
  return {
    footer: { start, end, numbers },
    pages: chunksOf(numbers).flatMap((chunk) => pagesOf(bytes, chunk)),
  };
}

interface Chunk {
  start: number;
  end: number;
}

function chunksOf(numbers: ThriftNumber[]): Chunk[] {
  const fields = new Map(numbers.map(({ path, value }) => [path, Number(value)]));
  return [...fields.keys()].flatMap((path) => {
    const chunk = /^(4\.\d+\.1\.\d+\.3)\.9$/.exec(path)?.[1];
    if (chunk === undefined) return [];
    const start = fields.get(`${chunk}.11`) ?? fields.get(`${chunk}.9`) ?? 0;
    return [{ start, end: start + (fields.get(`${chunk}.7`) ?? 0) }];
  });
}

function pagesOf(bytes: Uint8Array, chunk: Chunk): Page[] {
  const pages: Page[] = [];
  for (let start = chunk.start; start < chunk.end; ) {
    const { numbers, end } = walkStruct(bytes, start);
    const stored = Number(numbers.find(({ path }) => path === "3")?.value);
    pages.push({ header: { start, end, numbers }, data: { start: end, end: end + stored } });
    start = end + stored;
  }
  return pages;
}

function walkStruct(bytes: Uint8Array, start: number) {
  const walk = new ThriftWalk(bytes, start);
  walk.struct("");
  return { numbers: walk.numbers, end: walk.at };
}

/** Of thrift's compact protocol, what Parquet uses. */
class ThriftWalk {
  readonly #bytes: Uint8Array;
  readonly numbers: ThriftNumber[] = [];
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  struct(path: string): void {
    let id = 0;
    for (let header = this.#byte(); header !== 0; header = this.#byte()) {
      id = header >> 4 === 0 ? Number(unzigzag(this.#varint())) : id + (header >> 4);
      const type = header & 0x0f;
      if (type > 2) this.#value(type, path === "" ? String(id) : `${path}.${id}`); // 1 and 2 are true and false
    }
  }

  #value(type: number, path: string): void {
    if (type <= 3) this.at += 1;
    else if (type <= 6) this.#number(path, "integer");
    else if (type === 7) this.at += 8;
    else if (type === 8) this.#skip(this.#number(path, "length"));
    else if (type === 9 || type === 10) this.#list(path);
    else if (type === 12) this.struct(path);
    else throw new Error(`Parquet has no thrift of type ${type}`);
  }

  #skip(bytes: number): void {
    this.at += bytes;
  }

  #list(path: string): void {
    const start = this.at;
    const header = this.#byte();
    const length = header >> 4 === 15 ? Number(this.#varint()) : header >> 4;
    this.numbers.push({ path, kind: "list", start, end: this.at, value: BigInt(length) });
    for (let i = 0; i < length; i++) this.#value(header & 0x0f, `${path}.${i}`);
  }

  #number(path: string, kind: "integer" | "length"): number {
    const start = this.at;
    const raw = this.#varint();
    const value = kind === "integer" ? unzigzag(raw) : raw;
    this.numbers.push({ path, kind, start, end: this.at, value });
    return Number(value);
  }

  #varint(): bigint {
    for (let [value, shift] = [0n, 0n]; ; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  #byte(): number {
    return this.#bytes[this.at++] ?? 0;
  }
}

const unzigzag = (raw: bigint) => (raw & 1n ? -((raw + 1n) >> 1n) : raw >> 1n);

/** The bytes of a thrift number with another value; a list keeps the type of its elements. */
export function encodeNumber({ kind, start }: ThriftNumber, bytes: Uint8Array, value: bigint): Uint8Array {
  if (kind === "list") return Uint8Array.of(0xf0 | ((bytes[start] ?? 0) & 0x0f), ...varint(value));
  return varint(kind === "integer" ? (value << 1n) ^ (value >> 63n) : value);
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(left)]);
}
