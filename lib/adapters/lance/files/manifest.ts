import { PbfReader } from "pbf";
import { readU64, refuseOther, viewOf } from "./lance-format.ts";
import { indexesIn, readPath, type StoredIndex } from "./manifest-indexes.ts";

/** What a manifest says of its version's files: https://github.com/lance-format/lance/blob/main/protos/table.proto */

/** The columns of a data file by the names of the table. */
export interface DataFile {
  path: string;
  /** Whose rows it holds columns of. */
  fragment: number;
  columnOf(name: string): number | undefined;
}

/** Files of a version, by their paths in the folder of the table. */
export interface NamedFiles {
  files: string[];
  /** Folders of indexes whose files nobody has counted; they end with `/`. */
  folders: string[];
  /** What there is in it that this project does not know, in words: files may be named there. */
  unknown: string[];
}

const manifestTrailerBytes = 16;
/** Of a field that is no other's child. */
const noParent = -1;
/** By their numbers, but for other folders that files lie in. */
const fieldsOfManifest = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 20, 21]);
const fieldsOfFragment = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
/** Deletions, stable row ids, version 2, settings, no transaction files, overlays. */
const knownFlags = 0b110_1111;
const stableRowIds = 0b10;

export interface Manifest {
  /** Ids of the columns by their names. */
  fields: Map<string, number>;
  fragments: Fragment[];
  files: StoredFile[];
  /** Of fragments, beside data files. */
  others: string[];
  indexes: StoredIndex[];
  transaction: string;
  /** Where in it the same stands; not of those that others wrote long ago. */
  transactionAt: number | undefined;
  /** When it was committed, in milliseconds. */
  writtenAt: number;
  flags: number;
  unknown: Set<string>;
}

/** @throws Error when it is no manifest */
export function dataFilesOf(manifest: Uint8Array): DataFile[] {
  const read = readManifest(manifest);
  return read.files.map(({ path, fragment, fields, columns }) => ({
    path,
    fragment,
    columnOf: (name) => columns[fields.indexOf(read.fields.get(name) ?? Number.NaN)],
  }));
}

/** Whether two versions of a table have the same columns. */
export function haveSameColumns({ fields: before }: Manifest, { fields: now }: Manifest): boolean {
  return before.size === now.size && [...before].every(([name, id]) => now.get(name) === id);
}

/** Whether ids of rows say nothing of where these are. */
export const hasStableRowIds = ({ flags }: Manifest) => (flags & stableRowIds) !== 0;

/**
 * What rows of each fragment a version has, as text that is another where these are others; by the fragment's id, which is
 * never used again.
 */
export function fragmentsOf({ files, others }: Manifest): Map<number, FragmentState> {
  const states = new Map<number, FragmentState>();
  for (const { fragment, path } of files) {
    const before = states.get(fragment);
    states.set(fragment, { files: `${before?.files ?? ""}${path};`, deletions: "" });
  }
  for (const path of others) {
    const [, id, deletions = ""] = /^_deletions\/(\d+)-(.+)$/.exec(path) ?? [];
    const state = states.get(Number(id));
    if (state) state.deletions = deletions;
  }
  return states;
}

/** The files that hold a fragment's values, and the one that says which of its rows are deleted. */
export interface FragmentState {
  files: string;
  deletions: string;
}

/** @throws Error when it is no manifest */
export const filesNamedBy = (manifest: Uint8Array) => filesNamedIn(readManifest(manifest));

export function filesNamedIn({ files, others, transaction, indexes, unknown }: Manifest): NamedFiles {
  return {
    files: [
      ...files.map(({ path }) => `data/${path}`),
      ...others,
      ...(transaction ? [`_transactions/${transaction}`] : []),
      ...indexes.flatMap(({ folder, files }) => files.map((file) => folder + file)),
    ],
    folders: indexes
      .filter(({ files, isInline }) => files.length === 0 && !isInline)
      .map(({ folder }) => folder),
    unknown: [...unknown],
  };
}

/** @throws Error when it is no manifest */
export function readManifest(bytes: Uint8Array): Manifest {
  refuseOther(bytes);
  const read: Manifest = {
    ...{ fields: new Map(), fragments: [], files: [], others: [], indexes: [], transaction: "" },
    transactionAt: undefined,
    ...{ writtenAt: 0, flags: 0, unknown: new Set() },
  };
  let indexesAt: number | undefined;
  const start = readU64(viewOf(bytes), bytes.length - manifestTrailerBytes);
  messageAt(bytes, start).readFields((tag, _, pbf) => {
    if (tag === 1) readField(pbf, read.fields);
    if (tag === 2) readFragment(pbf, read);
    if (tag === 6) indexesAt = pbf.readVarint();
    if (tag === 7) read.writtenAt = readTime(pbf);
    if (tag === 9) read.flags = pbf.readVarint();
    if (tag === 12) read.transaction = pbf.readString();
    if (tag === 21) read.transactionAt = pbf.readVarint();
    if (tag === 18) read.unknown.add("files in other folders");
    else if (!fieldsOfManifest.has(tag)) read.unknown.add(`field ${tag} of the manifest`);
  }, undefined);
  if ((read.flags & ~knownFlags) !== 0 || read.flags > 0xffff)
    read.unknown.add(`flags ${read.flags} of the manifest`);
  if (indexesAt !== undefined) read.indexes = indexesIn(messageAt(bytes, indexesAt));
  return read;
}

/** A message with its length before it. */
export function messageAt(bytes: Uint8Array, start: number): PbfReader {
  const length = viewOf(bytes).getUint32(start, true);
  return new PbfReader(bytes.subarray(start + 4, start + 4 + length));
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

/** Its data files, and by their side what is deleted, which ids rows have, when they were written, and what lies over them. */
function readFragment(pbf: PbfReader, { fragments, files, others, unknown }: Manifest): void {
  let [id, written, gone] = [0, 0, { name: "", rows: 0 }];
  const own: StoredFile[] = [];
  pbf.readMessage((tag) => {
    if (tag === 1) id = pbf.readVarint();
    if (tag === 2) own.push(readFile(pbf));
    if (tag === 3) gone = readDeletions(pbf);
    if (tag === 4) written = pbf.readVarint();
    if (tag === 6 || tag === 8 || tag === 10) others.push(readPath(pbf));
    if (tag === 11)
      pbf.readMessage((part) => part === 1 && others.push(`data/${readFile(pbf).path}`), undefined);
    if (!fieldsOfFragment.has(tag)) unknown.add(`field ${tag} of a fragment`);
  }, undefined);
  files.push(...own.map((file) => ({ ...file, fragment: id })));
  fragments.push({ id, rows: written - gone.rows, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) });
  if (gone.name) others.push(`_deletions/${id}-${gone.name}`);
}

/** Rows that lie together. */
export interface Fragment {
  /** Never used again. */
  id: number;
  /** That are not deleted. */
  rows: number;
  /** Of its data files. */
  bytes: number;
}

interface StoredFile {
  path: string;
  bytes: number;
  fragment: number;
  fields: number[];
  columns: number[];
}

function readFile(pbf: PbfReader): StoredFile {
  const file: StoredFile = { path: "", bytes: 0, fragment: 0, fields: [], columns: [] };
  return pbf.readMessage((tag) => {
    if (tag === 1) file.path = pbf.readString();
    if (tag === 2) pbf.readPackedVarint(file.fields);
    if (tag === 3) pbf.readPackedVarint(file.columns);
    if (tag === 6) file.bytes = pbf.readVarint();
  }, file);
}

/** @returns its name but for the id of the fragment */
function readDeletions(pbf: PbfReader): { name: string; rows: number } {
  const file = { type: 0, readVersion: 0, id: 0n, rows: 0 };
  pbf.readMessage((tag) => {
    if (tag === 1) file.type = pbf.readVarint();
    if (tag === 2) file.readVersion = pbf.readVarint();
    if (tag === 3) file.id = readExactly(pbf);
    if (tag === 4) file.rows = pbf.readVarint();
  }, undefined);
  const name = `${file.readVersion}-${file.id}.${file.type === 1 ? "bin" : "arrow"}`;
  return { name, rows: file.rows };
}

function readTime(pbf: PbfReader): number {
  let ms = 0;
  pbf.readMessage((tag) => {
    if (tag === 1) ms += 1_000 * pbf.readVarint();
    if (tag === 2) ms += pbf.readVarint() / 1e6;
  }, undefined);
  return ms;
}

/** A number of 64 bits, all of which are in a name. */
function readExactly(pbf: PbfReader): bigint {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = pbf.buf[pbf.pos++] ?? 0;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}
