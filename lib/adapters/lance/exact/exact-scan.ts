import { setImmediate } from "node:timers/promises";
import type { Table } from "@lancedb/lancedb";
import type { RecordBatch } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { Metric } from "../../../domain/index/index-entry.ts";
import { inBatches } from "../in-batches.ts";
import { NearestRows, type NearRow } from "./nearest-rows.ts";
import { RowDistances } from "./row-distances.ts";

interface Wanted {
  metric: Metric;
  wanted: number;
  where?: string | undefined;
  signal?: AbortSignal | undefined;
  fallbacks: Fallbacks;
}

/**
 * The rows of a table that are nearest to each of some vectors, every row compared, in one scan for all of them.
 * @param wanted how many for each; `where` of the rows that count, in SQL, all without it
 * @returns the nearest first
 */
export async function nearestOfAll(
  table: Table,
  column: string,
  vectors: Float32Array[],
  { metric, wanted, where, signal, fallbacks }: Wanted,
): Promise<NearRow[][]> {
  const [first] = vectors;
  if (!first) return [];
  const distances = await RowDistances.to(vectors, metric);
  const nearest = vectors.map(() => new NearestRows(wanted));
  const farthest = new Float64Array(vectors.length).fill(Number.POSITIVE_INFINITY);
  const query = table.query().select([column]).withRowId();
  const rows = Math.max(1, Math.floor(limits.comparedBatchBytes / (4 * first.length)));
  const scan = where ? query.where(where) : query;
  for await (const batch of oneAhead(inBatches(scan, rows, fallbacks))) {
    signal?.throwIfAborted();
    await offer(batch, column, first.length, { distances, nearest, farthest });
  }
  return nearest.map((own) => own.nearest());
}

/** The next is read while one is compared. */
async function* oneAhead<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  for (;;) {
    const { done, value } = await next;
    if (done) return;
    next = iterator.next();
    next.catch(() => undefined); // it is told when it is waited for
    yield value;
  }
}

interface Comparison {
  distances: RowDistances;
  nearest: NearestRows[];
  /** No row that is as far away counts, by query: nearly all are passed over by a look here. */
  farthest: Float64Array;
}

/** Others are let in between: requests are answered, and heartbeats go out, while rows are compared. */
async function offer(batch: RecordBatch, column: string, dimension: number, to: Comparison): Promise<void> {
  const { distances } = to;
  const ids = batch.getChild("_rowid");
  const vectors = batch.getChild(column);
  const [data, ...others] = vectors?.data ?? [];
  if (!ids || !vectors || !data || others.length > 0) throw new Error(`a scanned batch lacks ${column}`);
  const values = data.children[0]?.values as Float32Array;
  for (let first = 0; first < batch.numRows; first += distances.rowsAtATime) {
    const some = values.subarray(first * dimension, (first + distances.rowsAtATime) * dimension);
    distances.compare(some, (row, found) => {
      if (vectors.isValid(first + row)) offerRow(Number(ids.get(first + row)), found, to);
    });
    await setImmediate();
  }
}

function offerRow(id: number, found: Float32Array, { nearest, farthest }: Comparison): void {
  for (let query = 0; query < found.length; query++) {
    const distance = found[query] ?? 0;
    if (!(distance < (farthest[query] ?? 0))) continue; // nor one that is no number
    farthest[query] = nearest[query]?.offer(id, distance) ?? 0;
  }
}
