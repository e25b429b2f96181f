import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import {
  Field,
  FixedSizeList,
  Float32,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { Compression, Table, transformParquetStream, WriterPropertiesBuilder } from "parquet-wasm/node";

/**
 * Writes a Parquet file of random vectors, a row group at a time; as a process of its own, so that its memory is not
 * that of the test: `large-parquet.ts --path p --rows 100000 --dimension 768 --group 10000`.
 */
async function writeLarge(path: string, rows: number, dimension: number, group: number): Promise<void> {
  const batches = new ReadableStream({
    start(controller) {
      for (let first = 0; first < rows; first += group)
        for (const batch of wasmBatches(first, Math.min(group, rows - first), dimension))
          controller.enqueue(batch);
      controller.close();
    },
  });
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression.SNAPPY)
    .setDictionaryEnabled(false)
    .setMaxRowGroupSize(group)
    .build();
  const parquet = await transformParquetStream(batches, properties);
  await pipeline(Readable.fromWeb(parquet as never), createWriteStream(path));
}

function wasmBatches(first: number, rows: number, dimension: number) {
  const ids = vectorFromArray(
    Array.from({ length: rows }, (_, i) => `d${first + i}`),
    new Utf8(),
  ).data[0];
  const values = Float32Array.from({ length: rows * dimension }, () => Math.random() - 0.5);
  const type = new FixedSizeList(dimension, new Field("item", new Float32(), true));
  const child = makeData({ type: new Float32(), length: values.length, nullCount: 0, data: values });
  const vectors = makeData({ type, length: rows, nullCount: 0, child });
  const schema = new Schema([new Field("doc_id", new Utf8(), true), new Field("vector", type, true)]);
  const struct = makeData({
    type: new Struct(schema.fields),
    length: rows,
    children: [ids as never, vectors],
  });
  const ipc = RecordBatchStreamWriter.writeAll([new RecordBatch(schema, struct)]).toUint8Array(true);
  return Table.fromIPCStream(ipc).recordBatches();
}

const { values } = parseArgs({
  options: {
    path: { type: "string" },
    rows: { type: "string" },
    dimension: { type: "string" },
    group: { type: "string" },
  },
});
await writeLarge(values.path ?? "", Number(values.rows), Number(values.dimension), Number(values.group));
