import { bareSearch, bareTable } from "./bare-search.ts";
import { freshQueries } from "./bench-set.ts";
import { answerParent } from "./child.ts";
import { handledSearch } from "./handled-search.ts";
import { medianOf, timed, timesOf } from "./percentiles.ts";
import type { Peers } from "./results.ts";
import { searchEvents } from "./search-event.ts";
import { inTurn, msOf } from "./turns.ts";

interface Input {
  index: string;
  dimension: number;
  queries: number;
  rounds: number;
  roundQueries: number;
}

type Search = (i: number) => Promise<unknown>;
const workers = 16;

/** The handler and LanceDB alone: one search at a time in turn, then rounds of many at a time, alternating. */
async function peers({ index, dimension, queries, rounds, roundQueries }: Input): Promise<Peers> {
  const ways = await searchesOf(index, await freshQueries(Math.max(queries, roundQueries), dimension));
  await inTurn(ways, Math.min(50, queries));
  const times = await inTurn(ways, queries);
  const rates = await throughput(ways, rounds, roundQueries);
  return {
    handler: timesOf(msOf(times.handler)),
    bare: timesOf(msOf(times.bare)),
    throughput: { ...rates, workers, ratio: medianOf(rates.handler) / medianOf(rates.bare) },
  };
}

async function searchesOf(
  index: string,
  vectors: Float32Array[],
): Promise<Record<"handler" | "bare", Search>> {
  const { table, published } = await bareTable(index);
  const events = searchEvents(index, vectors);
  return {
    handler: (i) => handledSearch(events[i]),
    bare: (i) => bareSearch(table, vectors[i] as Float32Array, published),
  };
}

/** Searches a second of each round. */
async function throughput(ways: Record<"handler" | "bare", Search>, rounds: number, queries: number) {
  const rates: Record<"handler" | "bare", number[]> = { handler: [], bare: [] };
  for (let round = 0; round < rounds; round++)
    for (const way of round % 2 === 0 ? (["handler", "bare"] as const) : (["bare", "handler"] as const)) {
      const { ms } = await timed(() => concurrently(ways[way], queries));
      rates[way].push((queries / ms) * 1_000);
    }
  return rates;
}

async function concurrently(search: Search, queries: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < queries) await search(next++);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

await answerParent(peers);
