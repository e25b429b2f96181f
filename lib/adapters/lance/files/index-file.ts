import { PbfReader } from "pbf";
import { columnPages, type Page, type Places, pageOpening, placesIn } from "./column-pages.ts";
import type { FileBytes } from "./file-bytes.ts";
import { type ByteRange, columnCount, globalBuffers } from "./lance-format.ts";

/** A file of an index that has partitions, and where these lie in it. */
export interface IndexFile {
  partitions: number;
  /** Where a partition lies; nowhere where the file has none of its rows, and in all of it where it does not say. */
  bytesOf(partition: number): ByteRange[];
  /** Of its partitions, where it tells them. */
  centroids: Centroids | undefined;
}

export interface Centroids {
  count: number;
  dimension: number;
  /** One after the other. */
  values: Float32Array;
}

/** The field of a schema that names the buffer which tells of partitions. */
const ivfBuffer = "lance:ivf";
const float32 = 2;

/**
 * Reads what an index file says of its partitions: where their rows lie in each of its columns. Lance's own readers read the
 * same, and of a partition just these bytes (test/integration/partial-copy.test.ts).
 * @throws Error where it has no partitions
 */
export async function readIndexFile(file: FileBytes): Promise<IndexFile> {
  const tail = await file.tail();
  const buffers = globalBuffers(tail);
  const [schema, ...others] = await Promise.all(buffers.map((range) => file.read(range)));
  const ivfBytes = schema && others[ivfBufferOf(schema) - 1];
  if (!ivfBytes) throw new Error("an index file that does not tell of partitions");
  const ivf = readIvf(ivfBytes);
  const bytesOf = (await placesByPartition(file, tail, ivf)) ?? (() => [{ start: 0, end: file.bytes }]);
  return { partitions: ivf.lengths.length, bytesOf, centroids: ivf.centroids };
}

/** @returns undefined where a column is laid out as this release does not know: a graph, whose neighbours are lists */
async function placesByPartition(file: FileBytes, tail: Uint8Array, { offsets, lengths }: Ivf) {
  const pages = Array.from({ length: columnCount(tail) }, (_, column) => columnPages(tail, column)).flat();
  const known = pages.filter((page) => page !== undefined);
  if (known.length < pages.length) return undefined;
  const places = await Promise.all(known.map((page) => placesOf(file, page)));
  return (partition: number) => {
    const first = offsets[partition] ?? 0;
    const end = first + (lengths[partition] ?? 0);
    return places.flatMap((place) => place(first, end) ?? []);
  };
}

/** All that is read of a page before its rows is read here, so that it is there when Lance asks for it. */
async function placesOf(file: FileBytes, page: Page): Promise<Places> {
  const [table] = await Promise.all(pageOpening(page).map((range) => file.read(range)));
  return placesIn(page, table);
}

/** @returns NaN where none is named */
function ivfBufferOf(schema: Uint8Array): number {
  let named = Number.NaN;
  new PbfReader(schema).readFields((tag, _, pbf) => {
    if (tag !== 1) return;
    pbf.readMessage((field) => {
      if (field === 5) named = metadataEntry(pbf, ivfBuffer) ?? named;
    }, undefined);
  }, undefined);
  return named;
}

function metadataEntry(pbf: PbfReader, wanted: string): number | undefined {
  const entry = { key: "", value: "" };
  pbf.readMessage((tag) => {
    if (tag === 1) entry.key = pbf.readString();
    if (tag === 2) entry.value = Buffer.from(pbf.readBytes()).toString();
  }, undefined);
  return entry.key === wanted ? Number(entry.value) : undefined;
}

interface Ivf {
  offsets: number[];
  lengths: number[];
  centroids: Centroids | undefined;
}

/** https://github.com/lance-format/lance/blob/main/protos/index.proto, IVF */
function readIvf(bytes: Uint8Array): Ivf {
  const read = { offsets: [] as number[], lengths: [] as number[] };
  let centroids: Centroids | undefined;
  new PbfReader(bytes).readFields((tag, _, pbf) => {
    if (tag === 2) pbf.readPackedVarint(read.offsets);
    if (tag === 3) pbf.readPackedVarint(read.lengths);
    if (tag === 4) centroids = readTensor(pbf);
  }, undefined);
  return { ...read, centroids };
}

function readTensor(pbf: PbfReader): Centroids | undefined {
  const tensor = { type: 0, shape: [] as number[], data: new Uint8Array() };
  pbf.readMessage((tag) => {
    if (tag === 1) tensor.type = pbf.readVarint();
    if (tag === 2) pbf.readPackedVarint(tensor.shape);
    if (tag === 3) tensor.data = new Uint8Array(pbf.readBytes()); // a copy of its own
  }, undefined);
  const [count = 0, dimension = 0] = tensor.shape;
  if (tensor.type !== float32 || tensor.data.length !== 4 * count * dimension) return undefined;
  return { count, dimension, values: new Float32Array(tensor.data.buffer) };
}
