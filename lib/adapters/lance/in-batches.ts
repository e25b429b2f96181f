import type { Query } from "@lancedb/lancedb";
import type { RecordBatch } from "apache-arrow";
import type { Fallbacks } from "../../domain/fallbacks.ts";
import { isRefusedCall } from "./lance-errors.ts";

/** What LanceDB's iteration calls without the option. */
interface Execution {
  execute(options: { maxBatchLength: number }): AsyncIterable<RecordBatch>;
}

/**
 * The rows of a query, at most so many at a time. LanceDB hands on 1,024, which takes four times as long as 65,536, and
 * lets nobody choose but who collects all. Should a version of LanceDB have no such option, its own batches are taken;
 * should it hand on more rows than asked, they are cut.
 */
export async function* inBatches(
  query: Query,
  rows: number,
  fallbacks: Fallbacks,
): AsyncGenerator<RecordBatch> {
  const asked = await askedBatches(query, rows, fallbacks);
  let wereCut = false;
  for await (const batch of asked ?? query) {
    if (asked && batch.numRows > rows && !wereCut) fallbacks.happened("large-batches", "longer-than-asked");
    wereCut ||= batch.numRows > rows;
    if (batch.numRows <= rows) yield batch;
    else for (let at = 0; at < batch.numRows; at += rows) yield batch.slice(at, at + rows);
  }
}

/** @returns undefined where the option is not taken, which shows when the first batch is read */
async function askedBatches(
  query: Query,
  rows: number,
  fallbacks: Fallbacks,
): Promise<AsyncIterable<RecordBatch> | undefined> {
  const { execute } = query as unknown as Partial<Execution>;
  if (typeof execute !== "function") {
    fallbacks.happened("large-batches", "not-there");
    return undefined;
  }
  try {
    return await begun(execute.call(query, { maxBatchLength: rows }));
  } catch (error) {
    if (!(error instanceof TypeError || isRefusedCall(error))) throw error;
    fallbacks.happened("large-batches", "refused");
    return undefined;
  }
}

/** The same, when it is known that there is a first or none. */
async function begun<T>(all: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = all[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
}
