import { utf8 } from "../../utf8.ts";
import { readVarint } from "../../varint.ts";

/** How a field of a struct is read, given the type that its header tells. Fields without one are skipped. */
export type FieldReaders = Record<number, (type: number) => unknown>;
/** Returned by a reader of a field after which the others are not looked at. */
export const enough = Symbol("enough");

/** Types of thrift's compact protocol. */
const [stop, yes, no, byte, int64, double, binary, list, set, struct] = [0, 1, 2, 3, 6, 7, 8, 9, 10, 12];
/** Parquet's own structs lie within each other less deep. */
const maxDepth = 16;

/**
 * Reads what is asked for of structs in thrift's compact protocol and steps over the rest, without memory for it: the
 * bytes may be damaged. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 * @throws Error where the bytes end or are of another type than asked for
 */
export class ThriftReader {
  readonly #bytes: Uint8Array;
  /** Of the next byte. */
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  struct(type: number, readers: FieldReaders): void {
    if (type !== struct) throw new Error(`thrift of type ${type} is no struct`);
    this.fields(readers);
  }

  /** Those of a struct, as which a message begins without a header. */
  fields(readers: FieldReaders, depth = 0): void {
    let id = 0;
    for (let header = this.#byte(); header !== stop; header = this.#byte()) {
      const type = header & 0x0f;
      id = header >> 4 === 0 ? unzigzag(this.#varint()) : id + (header >> 4);
      const read = Object.hasOwn(readers, id) ? readers[id] : undefined;
      if (read?.(type) === enough) return;
      if (!read) this.#skip(type, depth + 1);
    }
  }

  /** Of any width; inexact beyond 2^53, where nothing of a file is. */
  integer(type: number): number {
    if (type <= byte || type > int64) throw new Error(`thrift of type ${type} is no integer`);
    return unzigzag(this.#varint());
  }

  boolean(type: number): boolean {
    if (type !== yes && type !== no) throw new Error(`thrift of type ${type} is no boolean`);
    return type === yes;
  }

  text(type: number): string {
    if (type !== binary) throw new Error(`thrift of type ${type} is no text`);
    const length = this.#varint();
    this.#advance(length);
    return utf8.decode(this.#bytes.subarray(this.at - length, this.at));
  }

  /** @param each reads one element, given its type */
  list(type: number, each: (type: number, index: number) => void): void {
    if (type !== list) throw new Error(`thrift of type ${type} is no list`);
    const header = this.#byte();
    const length = header >> 4 === 15 ? this.#varint() : header >> 4;
    // an element takes a byte, or the struct that it is has ended the bytes before
    if (length > this.#bytes.length - this.at) throw new Error("a list is longer than the bytes");
    for (let i = 0; i < length; i++) each(header & 0x0f, i);
  }

  #skip(type: number, depth: number): void {
    if (depth > maxDepth) throw new Error("structs lie too deep within each other");
    if (type === yes || type === no) return;
    if (type === byte) this.#advance(1);
    else if (type > byte && type <= int64) this.#varint();
    else if (type === double) this.#advance(8);
    else if (type === binary) this.#advance(this.#varint());
    else if (type === list || type === set)
      this.list(list, (element) => this.#skipElement(element, depth + 1));
    else if (type === struct) this.fields({}, depth + 1);
    else throw new Error(`Parquet has no thrift of type ${type}`);
  }

  /** A boolean in a list has a byte of its own. */
  #skipElement(type: number, depth: number): void {
    if (type === yes || type === no) this.#advance(1);
    else this.#skip(type, depth);
  }

  #varint(): number {
    return readVarint(this.#bytes, this);
  }

  #byte(): number {
    this.#advance(1);
    return this.#bytes[this.at - 1] as number;
  }

  #advance(bytes: number): void {
    if (bytes > this.#bytes.length - this.at) throw new Error("thrift ends too early");
    this.at += bytes;
  }
}

const unzigzag = (raw: number) => (raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2);
