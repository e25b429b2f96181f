import type { Table as ArrowTable } from "apache-arrow";
import { hitsTooLarge, rowsWithin, widestColumn } from "../../../domain/answer-size.ts";
import type { Metric, Publication } from "../../../domain/index/index-entry.ts";
import { located } from "../../../domain/search/located-hits.ts";
import type { Query, TextSearch } from "../../../domain/search/reader.ts";
import type { Hit } from "../../../domain/search/search-response.ts";
import { answerRows, innerRows } from "./answer-rows.ts";
import type { ResidentRows } from "./resident-rows.ts";

/** Higher is better: the similarity for cosine and dot, the reciprocal of 1 + squared distance for l2. */
export function scoreOf(metric: Metric, distance: number): number {
  return metric === "l2" ? 1 / (1 + distance) : 1 - distance;
}

/** Rows by their ids, nearest first, with their distances. */
export interface NearestRows {
  version: number;
  rows: { id: bigint; distance: number }[];
}

/** Which rows an answer with their ids names. */
export const rowIdsOf = (found: ArrowTable): bigint[] => Array.from(found.getChild("_rowid") ?? [], BigInt);

/** An answer's distances, row by row. */
export function distancesOf(found: ArrowTable): number[] {
  const distances = found.getChild("_distance");
  return Array.from({ length: found.numRows }, (_, row) => Number(distances?.get(row)));
}

/** The rows of an answer with ids and distances. */
export function nearestIn(found: ArrowTable): NearestRows["rows"] {
  const ids = rowIdsOf(found);
  return distancesOf(found).map((distance, row) => ({ id: ids[row] as bigint, distance }));
}

/** @param rows of `found`, nearest first. @throws AnswerTooLarge, but for inner ones */
export function hitsAt(
  rows: { row: number; distance: number }[],
  found: ArrowTable,
  { metric, idColumn }: Publication,
  { columns, isInner }: Query,
): Hit[] {
  const [ids, rowIds] = [found.getChild(idColumn), rowIdsOf(found)];
  const made = (values: Record<string, unknown>, { row, distance }: { row: number; distance: number }) =>
    hit(values, ids?.get(row), metric, distance);
  const asked = { found, columns, rows };
  if (isInner)
    return innerRows(asked, (values, one) => located(made(values, one), rowIds[one.row] as bigint));
  return answerRows(asked, made, (fit, widest) => hitsTooLarge(rows.length, fit, widest));
}

/** The rows of an answer with scores, best first. @throws AnswerTooLarge, but for inner ones */
export function wordedHits(
  found: ArrowTable,
  { idColumn }: Publication,
  { columns, isInner, leg }: TextSearch,
): Hit[] {
  const [ids, rowIds] = [found.getChild(idColumn), rowIdsOf(found)];
  const rows = inOrder(found, leg ? undefined : (row) => ids?.get(row));
  const made = (values: Record<string, unknown>, { row, score }: (typeof rows)[number]) => ({
    ...values,
    ...{ doc_id: String(ids?.get(row)), score },
  });
  const asked = { found, columns, rows };
  if (isInner)
    return innerRows(asked, (values, one) => located(made(values, one), rowIds[one.row] as bigint));
  return answerRows(asked, made, (fit, widest) => hitsTooLarge(rows.length, fit, widest));
}

/** The same of rows in memory, by an answer's row ids. @returns undefined when one of them is not there. @throws AnswerTooLarge, but for inner ones */
export function wordedIn(
  resident: ResidentRows,
  found: ArrowTable,
  { idColumn }: Publication,
  { columns, isInner, leg }: TextSearch,
): Hit[] | undefined {
  const rowIds = rowIdsOf(found);
  const places = rowIds.flatMap((id) => resident.placeOf(id) ?? []);
  if (places.length < rowIds.length) return undefined;
  const idAt = (row: number) => resident.value(idColumn, places[row] ?? 0);
  const rows = inOrder(found, leg ? undefined : idAt);
  const made = ({ row, score }: (typeof rows)[number]) => ({
    ...resident.values(columns, places[row] ?? 0),
    ...{ doc_id: String(idAt(row)), score },
  });
  if (isInner) return rows.map((one) => located(made(one), rowIds[one.row] as bigint));
  return rowsWithin(
    rows.length,
    (i) => made(rows[i] as (typeof rows)[number]),
    (fit, row) => hitsTooLarge(rows.length, fit, widestColumn(row)),
  );
}

/** Rows of a search by words as hits whose ids stand for the rows. */
export const wordedRows = (found: ArrowTable): Hit[] =>
  inOrder(found, undefined).map(({ id, score }) => located({ doc_id: String(id), score }, id));

/** The same of a search by vector. */
export const nearRows = (rows: NearestRows["rows"], { metric }: Publication): Hit[] =>
  rows.map(({ id, distance }) => located(hit({}, id, metric, distance), id));

/**
 * Rows of an answer with scores, best first. Of the same score by what `idAt` says of a row, else as they lie in the table:
 * the same rows have one order.
 */
function inOrder(found: ArrowTable, idAt: ((row: number) => unknown) | undefined) {
  const scores = found.getChild("_score");
  return rowIdsOf(found)
    .map((id, row) => ({ row, id, score: Number(scores?.get(row)), order: idAt ? String(idAt(row)) : id }))
    .sort((a, b) => b.score - a.score || (a.order < b.order ? -1 : 1));
}

/** @returns undefined when one of the rows is not among those in memory. @throws AnswerTooLarge */
export function hitsIn(
  resident: ResidentRows,
  near: NearestRows["rows"],
  { metric, idColumn }: Publication,
  { columns, isInner }: Query,
): Hit[] | undefined {
  const rows: { id: bigint; place: number; distance: number }[] = [];
  for (const { id, distance } of near) {
    const place = resident.placeOf(id);
    if (place === undefined) return undefined;
    rows.push({ id, place, distance });
  }
  const made = ({ place, distance }: (typeof rows)[number]) =>
    hit(resident.values(columns, place), resident.value(idColumn, place), metric, distance);
  if (isInner) return rows.map((row) => located(made(row), row.id));
  return rowsWithin(
    rows.length,
    (i) => made(rows[i] as (typeof rows)[number]),
    (fit, row) => hitsTooLarge(rows.length, fit, widestColumn(row)),
  );
}

function hit(
  values: Record<string, unknown> | undefined,
  id: unknown,
  metric: Metric,
  computed: number,
): Hit {
  const distance = distanceWithin(metric, computed);
  return { ...values, doc_id: String(id), distance, score: scoreOf(metric, distance) };
}

/** Rounding, and codes more so, put a distance outside of where it can be: there a square root or arc cosine is NaN. */
export function distanceWithin(metric: Metric, distance: number): number {
  if (metric === "dot") return distance;
  return Math.max(0, metric === "cosine" ? Math.min(2, distance) : distance);
}
