import { PbfReader } from "pbf";

/** What of Lance's data files says where a column lies in them: https://lance.org/format/ (file, version 2). */

/** Bytes of a file, from start to end, the end not included. */
export interface ByteRange {
  start: number;
  end: number;
}

const magic = "LANC";
export const dataTrailerBytes = 40;
const datafileVersion = 2;

/**
 * Where the description of a data file's columns starts: everything from there on says where the data lie.
 * @param trailer the last `dataTrailerBytes` of the file
 * @throws Error when it is no data file of this format
 */
export function columnsStart(trailer: Uint8Array): number {
  refuseOther(trailer);
  const view = viewOf(trailer);
  const version = view.getUint16(trailer.length - 8, true);
  if (version !== datafileVersion) throw new Error(`a data file of version ${version}`);
  return readU64(view, trailer.length - dataTrailerBytes);
}

/**
 * The buffers of a column's pages.
 * @param tail of the file, from `columnsStart` on
 */
export function pagesOf(tail: Uint8Array, column: number): ByteRange[] {
  const ranges: ByteRange[] = [];
  columnMetadata(tail, column).readFields((tag, _, pbf) => {
    if (tag === 2) ranges.push(...readPage(pbf));
  }, undefined);
  return ranges;
}

/**
 * The description of a column.
 * @param tail of the file, from `columnsStart` on
 */
export function columnMetadata(tail: Uint8Array, column: number): PbfReader {
  const view = viewOf(tail);
  const trailer = tail.length - dataTrailerBytes;
  const start = readU64(view, trailer);
  const entry = readU64(view, trailer + 8) - start + 16 * column;
  const [at, bytes] = [readU64(view, entry) - start, readU64(view, entry + 8)];
  return new PbfReader(tail.subarray(at, at + bytes));
}

/** How many columns there are. @param tail of the file */
export const columnCount = (tail: Uint8Array) =>
  viewOf(tail).getUint32(tail.length - dataTrailerBytes + 28, true);

/**
 * The buffers that belong to the file as a whole, its schema the first of them.
 * @param tail of the file, from `columnsStart` on
 */
export function globalBuffers(tail: Uint8Array): ByteRange[] {
  const view = viewOf(tail);
  const trailer = tail.length - dataTrailerBytes;
  const table = readU64(view, trailer + 16) - readU64(view, trailer);
  return Array.from({ length: view.getUint32(trailer + 24, true) }, (_, i) => {
    const start = readU64(view, table + 16 * i);
    return { start, end: start + readU64(view, table + 16 * i + 8) };
  });
}

function readPage(pbf: PbfReader): ByteRange[] {
  const page = { offsets: [] as number[], sizes: [] as number[] };
  pbf.readMessage((tag) => {
    if (tag === 1) pbf.readPackedVarint(page.offsets);
    if (tag === 2) pbf.readPackedVarint(page.sizes);
  }, undefined);
  return page.offsets.map((start, i) => ({ start, end: start + (page.sizes[i] ?? 0) }));
}

/** @throws Error for what is no file of Lance's */
export function refuseOther(file: Uint8Array): void {
  const end = new TextDecoder("latin1").decode(file.subarray(-magic.length));
  if (end !== magic) throw new Error(`a Lance file that ends with other than ${magic}`);
}

export const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);

export const readU64 = (view: DataView, at: number) => Number(view.getBigUint64(at, true));
