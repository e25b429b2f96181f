import type { Table } from "@lancedb/lancedb";
import type { Table as ArrowTable } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import { neededColumns, refuseChangedColumns } from "../../../domain/index/column-changes.ts";
import type { Publication } from "../../../domain/index/index-entry.ts";
import type { ExactQuery, NearestOfAll, SampledRow, SampleQuery } from "../../../domain/search/exact-rows.ts";
import type { Filter } from "../../../domain/values/filter.ts";
import { nearestOfAll } from "../exact/exact-scan.ts";
import { besideRow } from "../exact/moved-vector.ts";
import { roundedUp } from "../exact/nearest-ids.ts";
import { exactDistance } from "../exact-distance.ts";
import { inBatches } from "../in-batches.ts";
import { lanceCall } from "../lance-errors.ts";
import { normalNumbers } from "../random-numbers.ts";
import { sampleOffsets } from "../sample-offsets.ts";
import { filterToSql } from "./filter-sql.ts";
import type { FollowedTable } from "./followed-table.ts";
import type { TableSource } from "./table-queries.ts";

const rowId = "_rowid";

/**
 * Rows from all parts of a table, the same ones each time.
 * @throws ColumnsChanged, DeadlineExceeded
 */
export async function sampledRows(
  { followed, published }: TableSource,
  { rows, isBeside, filter, ...time }: SampleQuery,
  fallbacks: Fallbacks,
): Promise<SampledRow[]> {
  return inTime(time, async (signal) => {
    const where = whereOf(followed, published, filter);
    const found = await drawn(followed.table, published, { rows, where, signal, fallbacks });
    return isBeside ? beside(followed.table, published, found, { where, signal }) : found;
  });
}

interface Among {
  where: string | undefined;
  signal: AbortSignal;
}

async function drawn(
  table: Table,
  { idColumn, vectorColumn }: Publication,
  { rows, where, signal, fallbacks }: Among & { rows: number; fallbacks: Fallbacks },
): Promise<SampledRow[]> {
  const all = await table.countRows(where);
  const offsets = sampleOffsets(all, Math.min(rows, all));
  if (offsets.length === 0) return [];
  const taken = where
    ? table.takeRowIds(await rowIdsAt(table, offsets, { where, signal, fallbacks }))
    : table.takeOffsets(offsets);
  signal.throwIfAborted();
  const found = await taken.withRowId().select([idColumn, vectorColumn, rowId]).toArrow();
  const ids = [found.getChild(rowId), found.getChild(idColumn)];
  return vectorsIn(found, vectorColumn).map((vector, row) => {
    const [own, doc] = ids.map((column) => column?.get(row));
    return { vector, self: { docId: String(doc), rowId: Number(own) } };
  });
}

/** Of the rows that a filter leaves those at these places, which are in order; no other column is read than its own. */
async function rowIdsAt(
  table: Table,
  offsets: number[],
  { where, signal, fallbacks }: { where: string; signal: AbortSignal; fallbacks: Fallbacks },
): Promise<number[]> {
  const scan = table.query().where(where).select([rowId]).withRowId();
  const ids: number[] = [];
  let first = 0;
  for await (const batch of inBatches(scan, limits.residentBatchRows, fallbacks)) {
    signal.throwIfAborted();
    const own = batch.getChild(rowId);
    for (let at = offsets[ids.length]; at !== undefined && at < first + batch.numRows; ) {
      ids.push(Number(own?.get(at - first)));
      at = offsets[ids.length];
    }
    first += batch.numRows;
    if (ids.length === offsets.length) break;
  }
  return ids;
}

/** Which neighbours rows are moved by need not be exact. */
async function beside(
  table: Table,
  { vectorColumn, metric }: Publication,
  rows: SampledRow[],
  { where, signal }: Among,
): Promise<SampledRow[]> {
  const random = normalNumbers();
  const moved: SampledRow[] = [];
  for (const { vector } of rows) {
    signal.throwIfAborted();
    const search = table.query().nearestTo(vector).column(vectorColumn).distanceType(metric);
    const near = (where ? search.where(where) : search).limit(limits.recallK).ef(limits.besideEf);
    const found = await near.select([vectorColumn, "_distance"]).toArrow();
    moved.push({ vector: besideRow(vector, vectorsIn(found, vectorColumn), random) });
  }
  return moved;
}

/**
 * The nearest rows to each of some vectors, every row compared.
 * @throws ColumnsChanged, DeadlineExceeded, and what the signal was aborted for
 */
export async function nearestRowsOfAll(
  { followed, published }: TableSource,
  { asked, k, filter, ...time }: ExactQuery,
  fallbacks: Fallbacks,
): Promise<NearestOfAll[]> {
  const { metric, vectorColumn } = published;
  return inTime(time, async (signal) => {
    const where = whereOf(followed, published, filter);
    const vectors = asked.map(({ vector }) => vector);
    const scan = { metric, wanted: k + 1, where, signal, fallbacks };
    const found = await nearestOfAll(followed.table, vectorColumn, vectors, scan);
    return asked.map(({ vector, self }, i) => {
      const others = (found[i] ?? []).filter(({ id }) => id !== self?.rowId).slice(0, k);
      const within = roundedUp(metric, others.at(-1)?.distance ?? Number.NEGATIVE_INFINITY);
      const isAsNear = (other: Float32Array) => exactDistance(metric, vector, other) <= within;
      return { rows: others.length, isAsNear };
    });
  });
}

function whereOf({ columns }: FollowedTable, published: Publication, filter: Filter | undefined) {
  refuseChangedColumns(published, columns, neededColumns(published));
  return filter && filterToSql(filter, columns);
}

/** An answer's vectors; an empty one where a row has none. */
function vectorsIn(found: ArrowTable, column: string): Float32Array[] {
  const vectors = found.getChild(column);
  return Array.from({ length: found.numRows }, (_, row) => Float32Array.from(vectors?.get(row) ?? []));
}

/** Whatever goes on when its time is over begins nothing more. */
async function inTime<T>(
  { timeoutMs, signal }: Pick<ExactQuery, "timeoutMs" | "signal">,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const both = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  both.throwIfAborted();
  if (timeoutMs <= 0) throw late();
  try {
    return await lanceCall(timeoutMs, () => work(both));
  } finally {
    over.abort(late());
  }
}

const late = () => new DomainError("DeadlineExceeded", "no time was left to compare rows");
