import { readFile } from "node:fs/promises";
import { container } from "../lib/container.ts";
import { recallOf } from "../lib/domain/choose-search-defaults.ts";
import { fetchDocument } from "../lib/domain/fetch-document.ts";
import { parseSearchRequest, searchIndex } from "../lib/domain/search-index.ts";
import { freshQueries, someIds } from "./bench-set.ts";
import { answerParent } from "./child.ts";
import { measureOverhead } from "./overhead.ts";
import { type Times, timed, timesOf } from "./percentiles.ts";
import type { Warm } from "./results.ts";

interface Input {
  index: string;
  rows: number;
  /** Holds the ids of the exact neighbours, a list a query. */
  exactFile: string;
}

const timeoutMs = 10_000;
const warmUps = 50;
const fetches = 500;

async function warm({ index, rows, exactFile }: Input): Promise<Warm> {
  const exact: string[][] = JSON.parse(await readFile(exactFile, "utf8"));
  const queries = await freshQueries(exact.length);
  for (const vector of queries.slice(0, warmUps)) await search(index, vector);
  return {
    ...(await searchAll(index, queries, exact)),
    fetch: await fetchAll(index, rows),
    overhead: await measureOverhead(index, queries.slice(0, 300)),
  };
}

async function searchAll(index: string, queries: Float32Array[], exact: string[][]) {
  const times: number[] = [];
  let recalled = 0;
  for (const [i, vector] of queries.entries()) {
    const { result, ms } = await timed(() => search(index, vector));
    const found = result.hits.map((hit) => hit.doc_id);
    times.push(ms);
    recalled += recallOf(exact[i] ?? [], found);
  }
  return { search: timesOf(times), recall: recalled / queries.length };
}

function search(index: string, vector: Float32Array) {
  const request = parseSearchRequest({ vector: [...vector], k: 10, select: ["doc_id", "chunk_text"] });
  return searchIndex(container().indexes, index, request, timeoutMs);
}

async function fetchAll(index: string, rows: number): Promise<Times> {
  const times: number[] = [];
  for (const docId of someIds(rows, fetches + warmUps)) {
    const request = { index, docId, consistency: "eventual" } as const;
    times.push((await timed(() => fetchDocument(container().indexes, request, timeoutMs))).ms);
  }
  return timesOf(times.slice(warmUps));
}

await answerParent(warm);
