import { PbfReader } from "pbf";
import { type ByteRange, columnMetadata, viewOf } from "./lance-format.ts";

/**
 * Where the values of rows lie in a column of a Lance file, for the layouts whose values are found by their rows alone:
 * https://lance.org/format/file/encoding/ (mini-block pages without lists, full-zip pages, pages of one value)
 */
export interface Page {
  firstRow: number;
  rows: number;
  buffers: ByteRange[];
  layout: PageLayout;
}

/**
 * Chunks of some values, whose sizes are in a table of words; values of one size, without nulls; values after each other,
 * with an index that says where each begins; one value for all rows.
 */
export type PageLayout =
  | { kind: "chunks"; wordBytes: 2 | 4 }
  | { kind: "values"; valueBytes: number }
  | { kind: "indexed" }
  | { kind: "constant" };

/**
 * @param tail of the file, from `columnsStart` on
 * @returns undefined for a page of another layout
 */
export function columnPages(tail: Uint8Array, column: number): (Page | undefined)[] {
  const pages: (Page | undefined)[] = [];
  columnMetadata(tail, column).readFields((tag, _, pbf) => {
    if (tag === 2) pages.push(readPage(pbf));
  }, undefined);
  return pages;
}

/**
 * What is read of a page before any of its rows, and kept: the table of its chunks, which is the first, and a dictionary;
 * all of an index.
 */
export function pageOpening({ layout, buffers }: Page): ByteRange[] {
  if (layout.kind === "constant") return buffers;
  if (layout.kind === "indexed") return buffers.slice(1);
  return layout.kind === "chunks" ? buffers.filter((_, i) => i !== 1) : [];
}

/** Where the bytes lie that hold rows from `first` on, `end` not included; nowhere where a page has none of them. */
export type Places = (first: number, end: number) => ByteRange | undefined;

/**
 * Of the rows of a column that a page has.
 * @param table the first of its opening: of its chunks, or the index of its rows
 * @throws Error where that does not describe the page
 */
export function placesIn(page: Page, table: Uint8Array | undefined): Places {
  const places = placesOf(page, table);
  return (first, end) => {
    const from = Math.max(first - page.firstRow, 0);
    const to = Math.min(end - page.firstRow, page.rows);
    return from < to ? places(from, to) : undefined;
  };
}

function placesOf(page: Page, table: Uint8Array | undefined): Places {
  const { layout } = page;
  if (layout.kind === "constant") return () => undefined;
  if (layout.kind === "indexed") return valuesBetween(page, table);
  return layout.kind === "values"
    ? valuesIn(page, layout.valueBytes)
    : chunksIn(page, readChunks(page, table, layout.wordBytes));
}

const bytesAt = (page: Page, buffer: number): ByteRange => page.buffers[buffer] ?? { start: 0, end: 0 };

function valuesIn(page: Page, valueBytes: number): Places {
  const { start } = bytesAt(page, 0);
  return (from, to) => ({ start: start + from * valueBytes, end: start + to * valueBytes });
}

/** The index has a number for each row and one for the end, all as wide as the largest needs. */
function valuesBetween(page: Page, index: Uint8Array | undefined): Places {
  const entries = Buffer.from(index ?? []);
  const width = entries.length / (page.rows + 1);
  const { start, end } = bytesAt(page, 0);
  const entry = (row: number) => start + entries.readUIntLE(row * width, width);
  if (!Number.isInteger(width) || width < 1 || width > 6 || entry(page.rows) !== end)
    throw new Error("an index of rows that describes another page");
  return (from, to) => ({ start: entry(from), end: entry(to) });
}

interface Chunk extends ByteRange {
  firstRow: number;
}

function chunksIn(page: Page, chunks: Chunk[]): Places {
  return (from, to) => {
    const [first, last] = [chunkOf(chunks, from), chunkOf(chunks, to - 1)];
    return { start: first?.start ?? 0, end: last?.end ?? bytesAt(page, 1).end };
  };
}

/** By halves: a page of a large index has thousands, and a search asks for hundreds of its partitions. */
function chunkOf(chunks: Chunk[], row: number): Chunk | undefined {
  let [low, high] = [0, chunks.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((chunks[middle] as Chunk).firstRow <= row) low = middle + 1;
    else high = middle;
  }
  return chunks[low - 1];
}

/** Words of four bits, the logarithm of the number of values, and the rest, of eight bytes how many; the last has what is left. */
function readChunks(page: Page, table: Uint8Array | undefined, wordBytes: 2 | 4): Chunk[] {
  if (!table) throw new Error("a page without its table of chunks");
  const view = viewOf(table);
  const data = bytesAt(page, 1);
  let [firstRow, start] = [0, data.start];
  const chunks = Array.from({ length: table.length / wordBytes }, (_, i) => {
    const word = wordBytes === 2 ? view.getUint16(2 * i, true) : view.getUint32(4 * i, true);
    const chunk = { firstRow, start, end: start + ((word >>> 4) + 1) * 8 };
    firstRow += 2 ** (word & 0xf);
    start = chunk.end;
    return chunk;
  });
  if (start !== data.end || (chunks.at(-1)?.firstRow ?? 0) >= page.rows)
    throw new Error("a table of chunks that describes another page");
  return chunks;
}

function readPage(pbf: PbfReader): Page | undefined {
  const read = { offsets: [] as number[], sizes: [] as number[], rows: 0, firstRow: 0 };
  let layout: PageLayout | undefined;
  pbf.readMessage((tag) => {
    if (tag === 1) pbf.readPackedVarint(read.offsets);
    if (tag === 2) pbf.readPackedVarint(read.sizes);
    if (tag === 3) read.rows = pbf.readVarint();
    if (tag === 4) layout = readLayout(nested(pbf, [2, 1, 2]));
    if (tag === 5) read.firstRow = pbf.readVarint();
  }, undefined);
  const buffers = read.offsets.map((start, i) => ({ start, end: start + (read.sizes[i] ?? 0) }));
  return layout && { firstRow: read.firstRow, rows: read.rows, buffers, layout };
}

/** The bytes of a message in messages: the encoding of a page is told as a direct one, of any type, of its layout. */
function nested(pbf: PbfReader, path: number[]): Uint8Array {
  let bytes = pbf.readBytes();
  for (const wanted of path) {
    let inner = new Uint8Array();
    new PbfReader(bytes).readFields((tag, _, field) => {
      if (tag === wanted) inner = field.readBytes() as Uint8Array<ArrayBuffer>;
    }, undefined);
    bytes = inner;
  }
  return bytes;
}

function readLayout(bytes: Uint8Array): PageLayout | undefined {
  let layout: PageLayout | undefined;
  new PbfReader(bytes).readFields((tag, _, pbf) => {
    if (tag === 1) layout = readMiniBlocks(pbf);
    if (tag === 2) layout = readConstant(pbf);
    if (tag === 3) layout = readFullZip(pbf);
  }, undefined);
  return layout;
}

function readMiniBlocks(pbf: PbfReader): PageLayout | undefined {
  const read = { hasLists: false, hasLargeChunks: false };
  pbf.readMessage((tag) => {
    if (tag === 1) read.hasLists = true;
    if (tag === 10) read.hasLargeChunks = pbf.readBoolean();
  }, undefined);
  return read.hasLists ? undefined : { kind: "chunks", wordBytes: read.hasLargeChunks ? 4 : 2 };
}

function readConstant(pbf: PbfReader): PageLayout {
  pbf.readMessage(() => undefined, undefined);
  return { kind: "constant" };
}

function readFullZip(pbf: PbfReader): PageLayout | undefined {
  const read = { levelBits: 0, valueBits: 0, offsetBits: 0 };
  pbf.readMessage((tag) => {
    if (tag === 1 || tag === 2) read.levelBits += pbf.readVarint();
    if (tag === 3) read.valueBits = pbf.readVarint();
    if (tag === 4) read.offsetBits = pbf.readVarint();
  }, undefined);
  if (read.offsetBits > 0) return { kind: "indexed" };
  const valueBytes = read.valueBits / 8;
  if (read.levelBits > 0 || valueBytes === 0 || !Number.isInteger(valueBytes)) return undefined;
  return { kind: "values", valueBytes };
}
