import { limits } from "../../../config/limits.ts";
import { parquetWasm } from "../wasm/parquet-wasm.ts";

/**
 * Record batches as one Parquet file: zstd, row groups as readers like them, and pages of distinct values for columns of
 * which that can save anything. Arrow's schema is in it, so that readers who know of it find the types as they were. Of the rows, a
 * row group and a batch are in memory at a time.
 * @param batches each an Arrow IPC stream with its schema; at least one
 * @param repeating columns whose values may be alike
 * @returns the file, and how many rows it has
 */
export async function parquetFileOf(
  batches: AsyncIterator<Uint8Array>,
  repeating: string[],
): Promise<{ bytes: Uint8Array; rows: number }> {
  const wasm = parquetWasm(limits.exportWriterMemoryBytes); // its own for a file: memory that it took once it never gives back
  let properties = new wasm.WriterPropertiesBuilder()
    .setCompression(wasm.Compression.ZSTD)
    .setDictionaryEnabled(false)
    .setMaxRowGroupSize(limits.exportRowGroupRows)
    .setMaxRowGroupBytes(limits.exportRowGroupBytes);
  for (const name of repeating) properties = properties.setColumnDictionaryEnabled(name, true);
  let failure: unknown;
  let rows = 0;
  const source = new ReadableStream(
    {
      pull: async (controller) => {
        try {
          const next = await batches.next();
          if (next.done) return controller.close();
          const table = wasm.Table.fromIPCStream(next.value);
          for (const batch of table.recordBatches()) {
            rows += batch.numRows;
            controller.enqueue(batch);
          }
          table.free();
        } catch (error) {
          failure = error; // the library says of any that a cast failed
          controller.error(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
  try {
    const written = await wasm.transformParquetStream(source, properties.build());
    return { bytes: await joined(written as ReadableStream<Uint8Array>), rows };
  } catch (error) {
    throw failure ?? error;
  }
}

async function joined(parts: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return all.length === 1 && all[0] ? all[0] : Buffer.concat(all);
}
