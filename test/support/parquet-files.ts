import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import {
  Binary,
  type DataType,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float16,
  Float32,
  Float64,
  List,
  RecordBatchStreamWriter,
  Schema,
  Table,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from "parquet-wasm/node";
import "../../lib/adapters/arrow/all-null-booleans.ts";

export { Compression };

export type Layout =
  | "list"
  | "list<double>"
  | "list<half>"
  | "fixed_size_list"
  | "binary"
  | "fixed_size_binary";

export interface Row {
  doc_id: string | null;
  vector: number[] | null;
  [column: string]: unknown;
}

const vectorTypes: Record<Layout, (dimension: number) => DataType> = {
  list: () => new List(new Field("item", new Float32(), true)),
  "list<double>": () => new List(new Field("item", new Float64(), true)),
  "list<half>": () => new List(new Field("item", new Float16(), true)),
  fixed_size_list: (dimension) => new FixedSizeList(dimension, new Field("item", new Float32(), true)),
  binary: () => new Binary(),
  fixed_size_binary: (dimension) => new FixedSizeBinary(4 * dimension),
};

export interface ParquetOptions {
  layout?: Layout;
  compression?: Compression;
  rowGroupRows?: number;
  /** Types of columns beside doc_id and vector; strings without it. */
  types?: Record<string, DataType>;
  dimension?: number;
  /** What else is to be said of how the file is written. */
  properties?: (builder: WriterPropertiesBuilder) => WriterPropertiesBuilder;
  /** The columns, where they are not doc_id, what the rows have, and vector. */
  names?: string[];
}

/** Writes rows as a Parquet file. Vectors may be ragged or null in the layouts that allow it. */
export async function writeParquetFile(
  path: string,
  rows: Row[],
  options: ParquetOptions = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, parquetBytes(rows, options));
}

export function parquetBytes(rows: Row[], options: ParquetOptions = {}): Uint8Array {
  const layout = options.layout ?? "fixed_size_list";
  const dimension = options.dimension ?? rows.find(({ vector }) => vector)?.vector?.length ?? 4;
  const type = vectorTypes[layout](dimension);
  const names = options.names ?? [
    ...new Set(["doc_id", ...rows.flatMap((row) => Object.keys(row)), "vector"]),
  ];
  const columns: Record<string, Vector> = {};
  for (const name of names) {
    const of = name === "vector" ? type : (options.types?.[name] ?? new Utf8());
    const value = (row: Row) => (name === "vector" ? stored(row.vector, layout) : (row[name] ?? null));
    columns[name] = vectorFromArray(rows.map(value), of);
  }
  return tableBytes(new Table(columns), options);
}

/** Any Arrow table as Parquet. */
export function tableBytes(table: Table, options: ParquetOptions = {}): Uint8Array {
  const { compression, rowGroupRows, properties: more = (builder) => builder } = options;
  const schema = new Schema(table.schema.fields.map((field) => new Field(field.name, field.type, true)));
  const ipc = RecordBatchStreamWriter.writeAll(new Table(schema, table.batches)).toUint8Array(true);
  const builder = new WriterPropertiesBuilder()
    .setCompression(compression ?? Compression.SNAPPY)
    .setMaxRowGroupSize(rowGroupRows ?? 1_000);
  return writeParquet(WasmTable.fromIPCStream(ipc), more(builder).build());
}

function stored(vector: number[] | null, layout: Layout): number[] | Uint8Array | null {
  return vector && layout.endsWith("binary") ? new Uint8Array(Float32Array.from(vector).buffer) : vector;
}

/** Rows with reproducible vectors; ids `prefix0`, `prefix1`, … */
export function sampleRows(count: number, dimension = 8, prefix = "d"): Row[] {
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
    return state / 2 ** 31 - 1;
  };
  return Array.from({ length: count }, (_, i) => ({
    doc_id: `${prefix}${i}`,
    chunk_text: `text ${i}`,
    vector: Array.from({ length: dimension }, random),
  }));
}
