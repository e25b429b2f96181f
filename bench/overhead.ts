import { container } from "../lib/container.ts";
import { parseSearchRequest } from "../lib/domain/search/parse-search.ts";
import { searchIndex } from "../lib/domain/search/search-index.ts";
import { bareSearch, bareTable } from "./bare-search.ts";
import { handledSearch } from "./handled-search.ts";
import { timesOf } from "./percentiles.ts";
import type { Overhead } from "./results.ts";
import { searchBody, searchEvents } from "./search-event.ts";
import { inTurn, msOf } from "./turns.ts";

const warmUps = 30;
const timeoutMs = 10_000;

/** What the stack and the use case cost over LanceDB alone: every query is searched all three ways. */
export async function measureOverhead(index: string, queries: Float32Array[]): Promise<Overhead> {
  const ways = await searchesOf(index, queries);
  await inTurn(ways, Math.min(warmUps, queries.length));
  const times = await inTurn(ways, queries.length);
  const [handler, useCase, bare] = [msOf(times.handler), msOf(times.useCase), msOf(times.bare)];
  const differences = handler.map((ms, i) => ms - (bare[i] as number));
  return {
    handler: timesOf(handler).p50,
    useCase: timesOf(useCase).p50,
    bare: timesOf(bare).p50,
    difference: timesOf(differences).p50,
  };
}

async function searchesOf(index: string, queries: Float32Array[]) {
  const { indexes } = container();
  const { table, published } = await bareTable(index);
  const events = searchEvents(index, queries);
  const bodies = queries.map((vector) => searchBody(vector));
  return {
    handler: (i: number): Promise<unknown> => handledSearch(events[i]),
    useCase: (i: number) => searchIndex(indexes, index, parseSearchRequest(bodies[i]), timeoutMs),
    bare: (i: number) => bareSearch(table, queries[i] as Float32Array, published),
  };
}
