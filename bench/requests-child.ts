import { setTimeout as sleep } from "node:timers/promises";
import { container } from "../lib/container.ts";
import { FaultProxy } from "../test/support/fault-proxy.ts";
import { freshQueries } from "./bench-set.ts";
import { answerParent } from "./child.ts";
import { handledSearch } from "./handled-search.ts";
import type { Requests } from "./results.ts";
import { searchEvents } from "./search-event.ts";

interface Input {
  index: string;
  dimension: number;
  queries: number;
  endpoint: string;
}

const replicaTimeoutMs = 300_000;
const lookAheadSeconds = 10;

/**
 * The requests the store gets while a warm container searches, counted by a proxy between them. A look-ahead, every
 * few seconds and beside the searches, lists versions and reads manifests; all else is a query's own.
 */
async function requests({ index, dimension, queries, endpoint }: Input): Promise<Requests> {
  const proxy = await FaultProxy.start(endpoint);
  process.env["AWS_ENDPOINT"] = proxy.endpoint;
  const paths: string[] = [];
  proxy.fault = ({ path }) => void paths.push(decodeURIComponent(path));
  const events = searchEvents(index, await freshQueries(queries, dimension));
  await untilReplica(() => handledSearch(events[0]));
  paths.length = 0;
  const started = performance.now();
  for (const event of events) await handledSearch(event);
  while (performance.now() - started < lookAheadSeconds * 1_000) {
    await handledSearch(events[0]);
    await sleep(100);
  }
  const seconds = (performance.now() - started) / 1_000;
  const looks = paths.filter(isLook).length;
  await container().close();
  await proxy.stop();
  return { queries, ofQueries: paths.length - looks, lookAheads: looks, seconds };
}

const isLook = (path: string) => path.includes("_versions") || path.includes(".manifest");

async function untilReplica(search: () => Promise<string>): Promise<void> {
  const deadline = performance.now() + replicaTimeoutMs;
  while (JSON.parse(await search()).performance.cache !== "replica") {
    if (performance.now() > deadline) throw new Error(`no replica within ${replicaTimeoutMs} ms`);
    await sleep(100);
  }
}

await answerParent(requests);
