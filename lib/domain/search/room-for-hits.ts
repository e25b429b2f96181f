import { hitsLike, hitsTooLarge, hitsWithVectors } from "../answer-size.ts";
import { isFiltered } from "./asked-query.ts";
import type { Lease, Query } from "./reader.ts";
import type { SearchRequest } from "./search-request.ts";

/**
 * Before anything is searched: hits that no answer has room for, however short their numbers are. How many a filter leaves
 * is not known beforehand; they are counted as they are made.
 * @throws AnswerTooLarge
 */
export function refuseTooWide(request: SearchRequest, columns: string[], lease: Lease): void {
  const { k } = request;
  const { vectorColumn, dimension, rows } = lease.published;
  if (request.distanceRange || isFiltered(request, lease) || !columns.includes(vectorColumn)) return;
  const { atMost, surely } = hitsWithVectors(dimension);
  if (Math.min(k, rows) > atMost) throw hitsTooLarge(k, surely, vectorColumn);
}

/**
 * Before the vectors of all hits are read: that of the nearest tells how long their numbers are as JSON. Where hits would
 * fit if theirs were half as long, they are read and counted.
 * @throws AnswerTooLarge
 */
export async function refuseLikelyTooWide(query: Query, lease: Lease): Promise<void> {
  const { vectorColumn, dimension, rows } = lease.published;
  const k = Math.min(query.k, rows);
  const { surely } = hitsWithVectors(dimension);
  if (query.range || isFiltered(query, lease) || !query.columns.includes(vectorColumn) || k <= surely) return;
  const one = { ...query, k: 1, columns: [vectorColumn], isExact: false }; // any that is near will do
  const [nearest] = await lease.reader.search(one);
  if (nearest && k > 2 * hitsLike(nearest)) throw hitsTooLarge(k, surely, vectorColumn);
}
