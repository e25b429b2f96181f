import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import {
  type Data,
  Field,
  FixedSizeList,
  Float32,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { Compression, Table, transformParquetStream, WriterPropertiesBuilder } from "parquet-wasm/node";
import { seededRandom } from "./seeded-random.ts";

export interface GenerateOptions {
  /** Folder that the files are written to: `part-00000.parquet`, … */
  out: string;
  /** In all files together. */
  rows: number;
  dimension?: number;
  files?: number;
  rowGroupRows?: number;
  /** Around which the vectors lie; real embeddings are no uniform noise either, and an index would be of no use there. */
  clusters?: number;
  seed?: number;
  /** Ids are this and the number of the row. */
  prefix?: string;
}

/**
 * Writes reproducible rows `doc_id, source, chunk_idx, chunk_text, vector` as Parquet files, one row group in memory
 * at a time. A row depends on the seed, its number and where its row group starts.
 * @returns the paths of the files
 */
export async function generateParquet(options: GenerateOptions): Promise<string[]> {
  const { out, rows, files = 1 } = options;
  await mkdir(out, { recursive: true });
  const mixture = new Mixture(options);
  const paths: string[] = [];
  for (let file = 0; file < files; file++) {
    const [first, end] = [Math.floor((file * rows) / files), Math.floor(((file + 1) * rows) / files)];
    const path = join(out, `part-${String(file).padStart(5, "0")}.parquet`);
    await writeRows(path, first, end, options, mixture);
    paths.push(path);
  }
  return paths;
}

async function writeRows(
  path: string,
  first: number,
  end: number,
  options: GenerateOptions,
  mixture: Mixture,
) {
  const { rowGroupRows = 10_000 } = options;
  let next = first;
  const groups = new ReadableStream({
    pull: (controller) => {
      if (next >= end) return controller.close();
      const rows = Math.min(rowGroupRows, end - next);
      for (const batch of wasmBatches(rowGroup(next, rows, options, mixture))) controller.enqueue(batch);
      next += rows;
    },
  });
  const parquet = await transformParquetStream(groups, writerProperties(rowGroupRows));
  await pipeline(Readable.fromWeb(parquet as never), createWriteStream(path));
}

/** Values of vectors hardly repeat: a dictionary of them would cost time and space. */
function writerProperties(rowGroupRows: number) {
  return new WriterPropertiesBuilder()
    .setCompression(Compression.SNAPPY)
    .setColumnDictionaryEnabled("vector.list.item", false)
    .setMaxRowGroupSize(rowGroupRows)
    .build();
}

function wasmBatches(batch: RecordBatch) {
  const table = Table.fromIPCStream(RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true));
  const batches = table.recordBatches();
  table.free();
  return batches;
}

function rowGroup(first: number, rows: number, options: GenerateOptions, mixture: Mixture): RecordBatch {
  const { seed = 1, prefix = "d", dimension = 128 } = options;
  const random = seededRandom(seed * 2_654_435_761 + first);
  const { values, nearest } = mixture.draw(rows, random);
  const numbers = Array.from({ length: rows }, (_, i) => first + i);
  const columns = {
    doc_id: strings(numbers.map((row) => `${prefix}${row}`)),
    source: strings(Array.from(nearest, (cluster) => `source-${cluster % 16}.md`)),
    chunk_idx: integers(numbers.map((row) => row % 8)),
    chunk_text: strings(numbers.map(() => sentence(random))),
    vector: vectors(values, dimension),
  };
  const fields = Object.entries(columns).map(([name, { type }]) => new Field(name, type, true));
  const type = new Struct(fields);
  const struct = makeData({ type, length: rows, nullCount: 0, children: Object.values(columns) });
  return new RecordBatch(new Schema(fields), struct);
}

const strings = (values: string[]) => vectorFromArray(values, new Utf8()).data[0] as Data;
const integers = (values: number[]) => vectorFromArray(values, new Int32()).data[0] as Data;

function vectors(values: Float32Array, dimension: number): Data {
  const type = new FixedSizeList(dimension, new Field("item", new Float32(), true));
  const child = makeData({ type: new Float32(), length: values.length, nullCount: 0, data: values });
  return makeData({ type, length: values.length / dimension, nullCount: 0, child });
}

const words =
  "river stone index vector light paper query green night table cloud seven field music water".split(" ");

function sentence(random: () => number): string {
  return Array.from({ length: 8 }, () => words[Math.floor(random() * words.length)]).join(" ");
}

/** Gaussian clusters of different weight and spread. */
class Mixture {
  readonly #dimension: number;
  readonly #centres: Float32Array[];
  readonly #spreads: number[];

  constructor({ dimension = 128, clusters = 64, seed = 1 }: GenerateOptions) {
    const random = seededRandom(seed);
    this.#dimension = dimension;
    this.#centres = Array.from({ length: clusters }, () => gaussians(new Float32Array(dimension), random));
    this.#spreads = Array.from({ length: clusters }, () => 0.2 + 0.4 * random());
  }

  draw(rows: number, random: () => number): { values: Float32Array; nearest: Uint32Array } {
    const values = gaussians(new Float32Array(rows * this.#dimension), random);
    // the square makes the first clusters larger than the last
    const nearest = Uint32Array.from({ length: rows }, () => random() ** 2 * this.#centres.length);
    for (let row = 0; row < rows; row++) this.#place(values, row, nearest[row] as number);
    return { values, nearest };
  }

  /** Moves a row of unit gaussians into its cluster. */
  #place(values: Float32Array, row: number, cluster: number): void {
    const [centre, spread] = [this.#centres[cluster] as Float32Array, this.#spreads[cluster] as number];
    const start = row * this.#dimension;
    for (let i = 0; i < this.#dimension; i++)
      values[start + i] = (centre[i] as number) + spread * (values[start + i] as number);
  }
}

/** Box and Muller's transform: two at a time. */
function gaussians(values: Float32Array, random: () => number): Float32Array {
  for (let i = 0; i < values.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

if (import.meta.main) {
  const text = { type: "string" } as const;
  const numbers = {
    rows: text,
    dimension: text,
    files: text,
    rowGroupRows: text,
    clusters: text,
    seed: text,
  };
  const { values } = parseArgs({ options: { ...numbers, out: text, prefix: text } });
  const { out, prefix, ...given } = values;
  if (!out || !given.rows) throw new Error("--out FOLDER and --rows COUNT are needed");
  const counts = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, Number(value)]));
  const started = performance.now();
  const paths = await generateParquet({ rows: 0, ...counts, out, ...(prefix ? { prefix } : {}) });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const peak = Math.round(process.resourceUsage().maxRSS / 1_024);
  console.log(`${paths.length} files in ${out}, ${seconds} s, at most ${peak} MB of memory`);
}
