import { writeFile } from "node:fs/promises";
import { Binary, Int64, Table, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from "parquet-wasm/node";
import { rehearsalFile, rehearsed } from "../lib/adapters/parquet/threads/rehearse.ts";

/** Writes the file that a decoding thread started ahead decodes while nobody waits for it: `npm run rehearsal`. */
const rows = Array.from({ length: rehearsed.rows }, (_, row) => row);
const vectorOf = (row: number) => {
  const values = Float32Array.from({ length: rehearsed.target.dimension }, (_, i) => Math.sin(row + i));
  return new Uint8Array(values.buffer);
};
const table = new Table({
  doc_id: vectorFromArray(
    rows.map((row) => `document-${row}`),
    new Utf8(),
  ),
  chunk_text: vectorFromArray(
    rows.map((row) => `What stands on page ${row}.`),
    new Utf8(),
  ),
  page: vectorFromArray(rows.map(BigInt), new Int64()),
  vector: vectorFromArray(rows.map(vectorOf), new Binary()),
});
const properties = new WriterPropertiesBuilder().setCompression(Compression.SNAPPY).build();
const written = writeParquet(WasmTable.fromIPCStream(tableToIPC(table, "stream")), properties);
await writeFile(rehearsalFile, written);
