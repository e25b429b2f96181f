import { openAsBlob } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { tableFromIPC } from "apache-arrow";
import { ParquetFile } from "parquet-wasm/node";
import { answerParent } from "./child.ts";

interface Input {
  reader: "parquet-wasm" | "hyparquet" | "duckdb";
  file: string;
  modules: string;
}

/** Every row group of the file, one after the other, as each reader gives it. @returns the rows it saw */
const readers: Record<Input["reader"], (input: Input) => Promise<number>> = {
  "parquet-wasm": readWithWasm,
  hyparquet: readWithHyparquet,
  duckdb: readWithDuckDb,
};

async function read(input: Input) {
  const started = performance.now();
  const rows = await readers[input.reader](input);
  return { rows, ms: performance.now() - started, peakRssBytes: process.resourceUsage().maxRSS * 1_024 };
}

async function readWithWasm({ file }: Input): Promise<number> {
  const parquet = await ParquetFile.fromFile(await openAsBlob(file));
  const groups = parquet.metadata().numRowGroups();
  let rows = 0;
  for (let group = 0; group < groups; group++)
    rows += tableFromIPC((await parquet.read({ rowGroups: [group] })).intoIPCStream()).numRows;
  return rows;
}

// biome-ignore lint/suspicious/noExplicitAny: packages that the project does not depend on
async function load(modules: string, name: string): Promise<any> {
  const found = createRequire(join(modules, "x.js")).resolve(name);
  return import(pathToFileURL(found).href);
}

async function readWithHyparquet({ file, modules }: Input): Promise<number> {
  const nodeEntry = join(modules, "hyparquet", "src", "node.js");
  const { asyncBufferFromFile, parquetMetadataAsync, parquetRead } = await import(
    pathToFileURL(nodeEntry).href
  );
  const compressorsEntry = join(modules, "hyparquet-compressors", "src", "index.js");
  const { compressors } = await import(pathToFileURL(compressorsEntry).href);
  const buffer = await asyncBufferFromFile(file);
  const metadata = await parquetMetadataAsync(buffer);
  let [rows, rowStart] = [0, 0];
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const onComplete = (read: unknown[]) => {
      rows += read.length;
    };
    await parquetRead({ file: buffer, metadata, compressors, rowStart, rowEnd, onComplete });
    rowStart = rowEnd;
  }
  return rows;
}

async function readWithDuckDb({ file, modules }: Input): Promise<number> {
  const { DuckDBInstance } = await load(modules, "@duckdb/node-api");
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const result = await connection.stream(`SELECT * FROM read_parquet('${file}')`);
  let rows = 0;
  for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
    rows += chunk.rowCount;
    for (let column = 0; column < chunk.columnCount; column++) valuesOf(chunk.getColumnVector(column));
  }
  return rows;
}

/** The numbers of a list column lie in its child vector; the others are read value by value. */
// biome-ignore lint/suspicious/noExplicitAny: packages that the project does not depend on
function valuesOf(vector: any): void {
  if (vector.childData) return void vector.childData.items;
  for (let row = 0; row < vector.itemCount; row++) vector.getItem(row);
}

await answerParent(read);
