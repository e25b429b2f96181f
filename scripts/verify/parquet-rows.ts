import { open } from "node:fs/promises";
import { tableFromIPC } from "apache-arrow";
import { ParquetFile, type RecordBatch, wasmMemory } from "parquet-wasm/node";
import { preferPlainTypes } from "../../lib/adapters/parquet/footers/arrow-hint.ts";
import { readTail, readThrough } from "../../lib/adapters/parquet/pages/file-tail.ts";
import { RangeBlob } from "../../lib/adapters/parquet/wasm/range-blob.ts";
import type { ObjectStore } from "../../lib/domain/object-store.ts";
import { RowSums } from "./row-sums.ts";
import { type ComparedColumns, type RowBatch, rowBatch } from "./rows.ts";

/** A Parquet file: its path, or an object of a bucket. */
export type ParquetInput = string | { store: Pick<ObjectStore, "read" | "stat">; key: string };

type ReadRange = (start: number, end: number) => Promise<Uint8Array>;

const batchRows = 4_096;

/**
 * Rows of Parquet files, decoded by parquet-wasm row group by row group. Of the load it shares how bytes are read, none
 * of how it cuts, decodes, checks and converts them.
 */
export async function* parquetRows(
  files: ParquetInput[],
  columns: ComparedColumns,
): AsyncGenerator<RowBatch> {
  for (const file of files) {
    const { bytes, read, close } = await opened(file);
    try {
      yield* rowsOf(bytes, read, columns);
    } finally {
      await close();
    }
  }
}

/** Row count and checksum of Parquet files, to be compared with those of a generation. */
export function checksumOfParquet(files: ParquetInput[], columns: ComparedColumns): Promise<RowSums> {
  return RowSums.of(parquetRows(files, columns));
}

async function* rowsOf(bytes: number, read: ReadRange, { idColumn, vectorColumn }: ComparedColumns) {
  const tail = await readTail(bytes, read);
  preferPlainTypes(tail.bytes);
  const parquet = await ParquetFile.fromFile(
    new RangeBlob(bytes, readThrough(tail, read), wasmMemory, () => undefined),
  );
  try {
    for (const [group] of parquet.metadata().rowGroups().entries()) {
      const options = { rowGroups: [group], columns: [idColumn, vectorColumn], batchSize: batchRows };
      const stream = (await parquet.stream({ ...options, concurrency: 1 })) as AsyncIterable<RecordBatch>;
      for await (const batch of stream)
        for (const decoded of tableFromIPC(batch.intoIPCStream()).batches)
          yield rowBatch(decoded.getChild(idColumn), decoded.getChild(vectorColumn), decoded.numRows);
    }
  } finally {
    parquet.free();
  }
}

async function opened(file: ParquetInput) {
  if (typeof file === "string") return openedPath(file);
  const { store, key } = file;
  const { bytes, identity } = (await store.stat(key)) ?? {};
  if (bytes === undefined) throw new Error(`${key} is not there`);
  const read: ReadRange = (start, end) => store.read(key, start, end, identity);
  return { bytes, read, close: async () => {} };
}

async function openedPath(path: string) {
  const handle = await open(path);
  const read: ReadRange = async (start, end) => {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead);
  };
  return { bytes: (await handle.stat()).size, read, close: () => handle.close() };
}
