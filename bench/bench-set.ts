import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from "parquet-wasm/node";
import { dimension, readWords, VariantMaker, type Word } from "./word-variants.ts";

export const layouts = ["list", "fixed_size_list", "binary"] as const;
export type Layout = (typeof layouts)[number];

/** Where everything that can be made again lies. */
export const cache = join(".cache", "bench");
export const setsFolder = join(cache, "sets");
const rowGroupRows = 10_000;
/** Seeds of queries start where those of no row lie. */
const firstQuerySeed = 1_000_000_007;

/** The Parquet file of `rows` variants, written at the first use. @returns its name in the folder of the sets */
export async function benchSet(rows: number, layout: Layout): Promise<string> {
  const name = `words-${rows}x${dimension}-${layout}.parquet`;
  const path = join(setsFolder, name);
  if (existsSync(path)) return name;
  await mkdir(setsFolder, { recursive: true });
  await writeFile(`${path}.part`, parquetOf(await readWords(), rows, layout));
  await rename(`${path}.part`, path);
  return name;
}

function parquetOf(words: Word[], rows: number, layout: Layout): Uint8Array {
  const ipc = RecordBatchStreamWriter.writeAll(tableOf(words, rows, layout)).toUint8Array(true);
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression.SNAPPY)
    .setMaxRowGroupSize(rowGroupRows)
    .build();
  return writeParquet(WasmTable.fromIPCStream(ipc), properties);
}

/** Row i is variant i / words of word i % words: neighbours lie far apart in the file. */
function tableOf(words: Word[], rows: number, layout: Layout): Table {
  const each = <T>(value: (word: number, variant: number) => T) =>
    Array.from({ length: rows }, (_, row) => value(row % words.length, Math.floor(row / words.length)));
  const textOf = (word: number) => words[word]?.text ?? "";
  return new Table({
    doc_id: vectorFromArray(each(idOf), new Utf8()),
    source: vectorFromArray(
      each(() => "glove-6b-100d"),
      new Utf8(),
    ),
    chunk_idx: vectorFromArray(
      each((_, variant) => variant),
      new Int32(),
    ),
    chunk_text: vectorFromArray(
      each((word, variant) => `${textOf(word)}, variant ${variant}`),
      new Utf8(),
    ),
    vector: vectorColumn(variantValues(words, rows), rows, layout),
  });
}

const idOf = (word: number, variant: number) => `w${String(word).padStart(5, "0")}-${variant}`;

function variantValues(words: Word[], rows: number): Float32Array {
  const maker = new VariantMaker();
  const values = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++)
    values.set(maker.make(words[row % words.length] as Word, row + 2), row * dimension);
  return values;
}

function vectorColumn(values: Float32Array, rows: number, layout: Layout): Vector {
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
export async function freshQueries(count: number): Promise<Float32Array[]> {
  const words = await readWords();
  const maker = new VariantMaker();
  return Array.from({ length: count }, (_, i) =>
    maker.make(words[(i * 7919) % words.length] as Word, firstQuerySeed + i),
  );
}

/** Ids of `count` rows from all over a set. */
export function someIds(rows: number, count: number): string[] {
  const words = Math.min(rows, 10_000);
  return Array.from({ length: count }, (_, i) => {
    const row = (i * 7919 + 13) % rows;
    return idOf(row % words, Math.floor(row / words));
  });
}
