import { container } from "../lib/container.ts";
import { fetchDocument } from "../lib/domain/search/fetch-document.ts";
import { parseSearchRequest } from "../lib/domain/search/parse-search.ts";
import { searchIndex } from "../lib/domain/search/search-index.ts";
import { someIds } from "./bench-set.ts";
import { type Times, timed, timesOf } from "./percentiles.ts";
import { searchBody } from "./search-event.ts";

const timeoutMs = 10_000;
const warmUps = 50;

/** Every query once through the use case, after some to warm up. @returns their times and the ids they found */
export async function timeSearches(index: string, queries: Float32Array[]) {
  for (const vector of queries.slice(0, warmUps)) await search(index, vector);
  const times: number[] = [];
  const found: string[][] = [];
  for (const vector of queries) {
    const { result, ms } = await timed(() => search(index, vector));
    times.push(ms);
    found.push(result.hits.map((hit) => hit.doc_id));
  }
  return { times: timesOf(times), found };
}

function search(index: string, vector: Float32Array) {
  return searchIndex(container().indexes, index, parseSearchRequest(searchBody(vector)), timeoutMs);
}

/** Documents from all over the index. */
export async function timeFetches(index: string, rows: number, fetches = 500): Promise<Times> {
  const times: number[] = [];
  for (const docId of someIds(rows, fetches + warmUps))
    times.push((await timed(() => fetchOne(index, docId))).ms);
  return timesOf(times.slice(warmUps));
}

/** One document through the use case. */
export function fetchOne(index: string, docId: string) {
  return fetchDocument(container().indexes, { index, docId, consistency: "eventual" }, timeoutMs);
}
