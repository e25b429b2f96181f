import { setTimeout as sleep } from "node:timers/promises";
import { container } from "../lib/container.ts";
import { freshQueries, someIds } from "./bench-set.ts";
import { answerParent } from "./child.ts";
import { handledSearch } from "./handled-search.ts";
import { medianOf, timed, timesOf } from "./percentiles.ts";
import type { FromCold, StoreTimes } from "./results.ts";
import { searchEvents } from "./search-event.ts";
import { inTurn, msOf } from "./turns.ts";
import { fetchOne } from "./warm-searches.ts";

interface Input {
  /** Indexes of the same rows, on the local folder and on the store. */
  near: string;
  far: string;
  rows: number;
  dimension: number;
  queries: number;
}

const replicaTimeoutMs = 300_000;
const pauseMs = 20;
const fetches = 500;
const warmUps = 50;

/** One container: the store's index from cold until it reads from its disk, then both in turn. */
async function measureStore({ near, far, rows, dimension, queries }: Input): Promise<StoreTimes> {
  const vectors = await freshQueries(queries, dimension);
  const [onDisk, onStore] = [searchEvents(near, vectors), searchEvents(far, vectors)];
  const fromCold = await searchUntilReplica((i) => handledSearch(onStore[i % queries]));
  const ways = {
    local: (i: number) => handledSearch(onDisk[i]),
    store: (i: number) => handledSearch(onStore[i]),
  };
  await inTurn(ways, Math.min(warmUps, queries));
  const times = await inTurn(ways, queries);
  const fetched = await fetchBoth(near, far, rows);
  await container().close();
  return {
    fromCold,
    local: timesOf(msOf(times.local)),
    store: timesOf(msOf(times.store)),
    fetch: { local: timesOf(msOf(fetched.local)), store: timesOf(msOf(fetched.store)) },
  };
}

async function fetchBoth(near: string, far: string, rows: number) {
  const ids = someIds(rows, fetches);
  const ways = {
    local: (i: number) => fetchOne(near, ids[i] as string),
    store: (i: number) => fetchOne(far, ids[i] as string),
  };
  await inTurn(ways, warmUps);
  return inTurn(ways, fetches);
}

/** Searches, with short pauses, until the answer says it came from the container's disk. */
async function searchUntilReplica(search: (i: number) => Promise<string>): Promise<FromCold> {
  const started = performance.now();
  const before: number[] = [];
  let cold = 0;
  for (let i = 0; performance.now() - started < replicaTimeoutMs; i++) {
    const { result, ms } = await timed(() => search(i));
    const { cache } = JSON.parse(result).performance;
    if (cache === "replica")
      return {
        cold,
        before: before.length,
        ...medianIfAny(before),
        untilReplica: performance.now() - started,
      };
    if (cache === "cold") cold = ms;
    else before.push(ms);
    await sleep(pauseMs);
  }
  throw new Error(`no replica within ${replicaTimeoutMs} ms`);
}

const medianIfAny = (times: number[]) => (times.length > 0 ? { beforeP50: medianOf(times) } : {});

await answerParent(measureStore);
