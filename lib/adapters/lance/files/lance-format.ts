import { PbfReader } from "pbf";

/** What of Lance's files says where a column lies in them: https://lance.org/format/ (table and file, version 2). */

/** Bytes of a file, from start to end, the end not included. */
export interface ByteRange {
  start: number;
  end: number;
}

/** The columns of a data file by the names of the table. */
export interface DataFile {
  path: string;
  columnOf(name: string): number | undefined;
}

const magic = "LANC";
const manifestTrailerBytes = 16;
export const dataTrailerBytes = 40;
const datafileVersion = 2;
/** Of a field that is no other's child. */
const noParent = -1;

/** @throws Error when it is no manifest */
export function dataFilesOf(manifest: Uint8Array): DataFile[] {
  const end = manifest.length - manifestTrailerBytes;
  refuseOther(manifest);
  const start = readU64(viewOf(manifest), end);
  const bytes = viewOf(manifest).getUint32(start, true);
  const read = { fields: new Map<string, number>(), files: [] as StoredFile[] };
  new PbfReader(manifest.subarray(start + 4, start + 4 + bytes)).readFields((tag, _, pbf) => {
    if (tag === 1) readField(pbf, read.fields);
    if (tag === 2) pbf.readMessage((part) => part === 2 && read.files.push(readFile(pbf)), undefined);
  }, undefined);
  return read.files.map(({ path, fields, columns }) => ({
    path,
    columnOf: (name) => columns[fields.indexOf(read.fields.get(name) ?? Number.NaN)],
  }));
}

function readField(pbf: PbfReader, fields: Map<string, number>): void {
  const field = { name: "", id: 0, parent: 0 };
  pbf.readMessage((tag) => {
    if (tag === 2) field.name = pbf.readString();
    if (tag === 3) field.id = pbf.readVarint();
    if (tag === 4) field.parent = pbf.readVarint(true);
  }, undefined);
  if (field.parent === noParent) fields.set(field.name, field.id);
}

interface StoredFile {
  path: string;
  fields: number[];
  columns: number[];
}

function readFile(pbf: PbfReader): StoredFile {
  const file: StoredFile = { path: "", fields: [], columns: [] };
  return pbf.readMessage((tag) => {
    if (tag === 1) file.path = pbf.readString();
    if (tag === 2) pbf.readPackedVarint(file.fields);
    if (tag === 3) pbf.readPackedVarint(file.columns);
  }, file);
}

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
  const view = viewOf(tail);
  const trailer = tail.length - dataTrailerBytes;
  const start = readU64(view, trailer);
  const entry = readU64(view, trailer + 8) - start + 16 * column;
  const [at, bytes] = [readU64(view, entry) - start, readU64(view, entry + 8)];
  const ranges: ByteRange[] = [];
  new PbfReader(tail.subarray(at, at + bytes)).readFields((tag, _, pbf) => {
    if (tag === 2) ranges.push(...readPage(pbf));
  }, undefined);
  return ranges;
}

function readPage(pbf: PbfReader): ByteRange[] {
  const page = { offsets: [] as number[], sizes: [] as number[] };
  pbf.readMessage((tag) => {
    if (tag === 1) pbf.readPackedVarint(page.offsets);
    if (tag === 2) pbf.readPackedVarint(page.sizes);
  }, undefined);
  return page.offsets.map((start, i) => ({ start, end: start + (page.sizes[i] ?? 0) }));
}

function refuseOther(file: Uint8Array): void {
  const end = new TextDecoder("latin1").decode(file.subarray(-magic.length));
  if (end !== magic) throw new Error(`a Lance file that ends with other than ${magic}`);
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);

const readU64 = (view: DataView, at: number) => Number(view.getBigUint64(at, true));
