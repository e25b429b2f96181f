import type { Table as ArrowTable } from "apache-arrow";
import { hitsTooLarge, rowsWithin, widestColumn } from "../../../domain/answer-size.ts";
import type { Metric, Publication } from "../../../domain/index/index-entry.ts";
import type { Query } from "../../../domain/search/reader.ts";
import type { Hit } from "../../../domain/search/search-request.ts";
import { answerRows } from "./answer-rows.ts";
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

/** @param rows of `found`, nearest first. Inner ones have no columns. @throws AnswerTooLarge */
export function hitsAt(
  rows: { row: number; distance: number }[],
  found: ArrowTable,
  { metric, idColumn }: Publication,
  { columns, isInner }: Query,
): Hit[] {
  const ids = found.getChild(idColumn);
  if (isInner) return rows.map(({ row, distance }) => hit({}, ids?.get(row), metric, distance));
  return answerRows(
    { found, columns, rows },
    (values, { row, distance }) => hit(values, ids?.get(row), metric, distance),
    (fit, widest) => hitsTooLarge(rows.length, fit, widest),
  );
}

/** The rows of an answer with scores, best first; of the same score by id, so that the same rows have one order. @throws AnswerTooLarge */
export function wordedHits(
  found: ArrowTable,
  { idColumn }: Publication,
  { columns, isInner }: Pick<Query, "columns" | "isInner">,
): Hit[] {
  const [ids, scores] = [found.getChild(idColumn), found.getChild("_score")];
  const rows = Array.from({ length: found.numRows }, (_, row) => {
    return { row, id: String(ids?.get(row)), score: Number(scores?.get(row)) };
  });
  rows.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  if (isInner) return rows.map(({ id, score }) => ({ doc_id: id, score }));
  return answerRows(
    { found, columns, rows },
    (values, { id, score }) => ({ ...values, doc_id: id, score }),
    (fit, widest) => hitsTooLarge(rows.length, fit, widest),
  );
}

/** @returns undefined when one of the rows is not among those in memory. @throws AnswerTooLarge */
export function hitsIn(
  resident: ResidentRows,
  near: NearestRows["rows"],
  { metric, idColumn }: Publication,
  { columns, isInner }: Query,
): Hit[] | undefined {
  const rows: { place: number; distance: number }[] = [];
  for (const { id, distance } of near) {
    const place = resident.placeOf(id);
    if (place === undefined) return undefined;
    rows.push({ place, distance });
  }
  const made = ({ place, distance }: { place: number; distance: number }) => {
    const values = Object.fromEntries(columns.map((name) => [name, resident.value(name, place)]));
    return hit(values, resident.value(idColumn, place), metric, distance);
  };
  if (isInner) return rows.map(made);
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
