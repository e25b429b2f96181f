import { createWriteStream, existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  Binary,
  Field,
  FixedSizeList,
  Float32,
  Int32,
  List,
  makeData,
  makeVector,
  RecordBatchStreamWriter,
  Table,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import {
  Compression,
  transformParquetStream,
  Table as WasmTable,
  WriterPropertiesBuilder,
} from "parquet-wasm/node";
import { readWords, usualDimension, VariantMaker, type Word } from "./word-variants.ts";

export const layouts = ["fixed_size_list", "list", "binary"] as const;
export type Layout = (typeof layouts)[number];

/** Where everything that can be made again lies; `BENCH_CACHE` puts it elsewhere. */
export const cache = process.env["BENCH_CACHE"] ?? join(".cache", "bench");
export const setsFolder = join(cache, "sets");
/** How many values the column `source` has: a filter on one of them leaves that share of the rows. */
export const sources = 100;
const rowGroupRows = 10_000;
/** Seeds of queries start where those of no row lie. */
const firstQuerySeed = 1_000_000_007;

/** The Parquet file of `rows` variants, written at the first use. @returns its name in the folder of the sets */
export async function benchSet(rows: number, layout: Layout, dimension = usualDimension): Promise<string> {
  const name = `words-v2-${rows}x${dimension}-${layout}.parquet`;
  const path = join(setsFolder, name);
  if (existsSync(path)) return name;
  await mkdir(setsFolder, { recursive: true });
  await writeSet(`${path}.part`, rows, new RowMaker(await readWords(), dimension, layout));
  await rename(`${path}.part`, path);
  return name;
}

/** A row group at a time: a million rows are never in memory together. */
async function writeSet(path: string, rows: number, maker: RowMaker): Promise<void> {
  let first = 0;
  const batches = new ReadableStream({
    pull(controller) {
      if (first >= rows) return controller.close();
      const table = maker.table(first, Math.min(rowGroupRows, rows - first));
      first += table.numRows;
      const ipc = RecordBatchStreamWriter.writeAll(table).toUint8Array(true);
      for (const batch of WasmTable.fromIPCStream(ipc).recordBatches()) controller.enqueue(batch);
    },
  });
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression.SNAPPY)
    .setMaxRowGroupSize(rowGroupRows)
    .build();
  const parquet = await transformParquetStream(batches, properties);
  await pipeline(Readable.fromWeb(parquet as never), createWriteStream(path));
}

/** Row i is variant i / words of word i % words: neighbours lie far apart in the file. */
class RowMaker {
  readonly #words: Word[];
  readonly #dimension: number;
  readonly #layout: Layout;
  readonly #variants: VariantMaker;

  constructor(words: Word[], dimension: number, layout: Layout) {
    this.#words = words;
    this.#dimension = dimension;
    this.#layout = layout;
    this.#variants = new VariantMaker(dimension);
  }

  table(first: number, rows: number): Table {
    const words = this.#words.length;
    const each = <T>(value: (row: number, word: number, variant: number) => T) =>
      Array.from({ length: rows }, (_, i) =>
        value(first + i, (first + i) % words, Math.floor((first + i) / words)),
      );
    const textOf = (word: number) => this.#words[word]?.text ?? "";
    const texts = (values: string[]) => vectorFromArray(values, new Utf8());
    return new Table({
      doc_id: texts(each((_, word, variant) => idOf(word, variant))),
      source: texts(each(sourceOfRow)),
      chunk_idx: vectorFromArray(
        each((_, __, variant) => variant),
        new Int32(),
      ),
      chunk_text: texts(each((_, word, variant) => `${textOf(word)}, variant ${variant}`)),
      vector: vectorColumn(this.#values(first, rows), rows, this.#dimension, this.#layout),
    });
  }

  #values(first: number, rows: number): Float32Array {
    const values = new Float32Array(rows * this.#dimension);
    for (let i = 0; i < rows; i++) {
      const word = this.#words[(first + i) % this.#words.length] as Word;
      values.set(this.#variants.make(word, first + i + 2), i * this.#dimension);
    }
    return values;
  }
}

const idOf = (word: number, variant: number) => `w${String(word).padStart(5, "0")}-${variant}`;

/** Spread by a hash, so that the rows of one source have nothing in common. */
const sourceOfRow = (row: number) => sourceName((Math.imul(row + 1, 0x9e3779b1) >>> 8) % sources);

/** A value of the column `source`, `source-00` to `source-99`. */
export const sourceName = (number: number) => `source-${String(number % sources).padStart(2, "0")}`;

function vectorColumn(values: Float32Array, rows: number, dimension: number, layout: Layout): Vector {
  const child = makeData({ type: new Float32(), length: values.length, nullCount: 0, data: values });
  const item = new Field("item", new Float32(), true);
  const every = (step: number) => Int32Array.from({ length: rows + 1 }, (_, row) => row * step);
  const plain = { length: rows, nullCount: 0 };
  if (layout === "fixed_size_list")
    return makeVector(makeData({ ...plain, type: new FixedSizeList(dimension, item), child }));
  if (layout === "list")
    return makeVector(makeData({ ...plain, type: new List(item), valueOffsets: every(dimension), child }));
  const data = new Uint8Array(values.buffer);
  return makeVector(makeData({ ...plain, type: new Binary(), valueOffsets: every(dimension * 4), data }));
}

/** Vectors that are no rows: fresh variants of words from all over the set. */
export async function freshQueries(count: number, dimension = usualDimension): Promise<Float32Array[]> {
  const words = await readWords();
  const maker = new VariantMaker(dimension);
  return Array.from({ length: count }, (_, i) =>
    maker.make(words[(i * 7919) % words.length] as Word, firstQuerySeed + i),
  );
}

/** Ids of `count` rows from all over a set. */
export function someIds(rows: number, count: number): string[] {
  const words = 10_000;
  return Array.from({ length: count }, (_, i) => {
    const row = (i * 7919 + 13) % rows;
    return idOf(row % words, Math.floor(row / words));
  });
}
