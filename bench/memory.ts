import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../lib/config/limits.ts";
import { assembleLayer } from "../scripts/layer.ts";
import { benchSet, cache, freshQueries } from "./bench-set.ts";
import { type BenchStore, withStore } from "./bench-store.ts";
import { runChild } from "./child.ts";
import { unpackedSearch } from "./cold-start.ts";
import { CpuQuota } from "./cpu-quota.ts";
import { FrozenProcess } from "./frozen-process.ts";
import { machine } from "./machine.ts";
import { medianOf } from "./percentiles.ts";
import type { Migrated } from "./results.ts";
import { S3Like } from "./s3-like.ts";
import { lakehouseOnStore } from "./sections/cold.ts";
import { ms, seconds, tableOf } from "./sections/section.ts";
import type { SparseAnswer, SparseSearch } from "./sparse-child.ts";

/**
 * `node bench/memory.ts`: what functions give by their memory, which on Lambda decides the share of processors, too. A
 * share is imitated by a quota of this machine's processors, the store's distance by S3's latency, and containers are
 * frozen between searches. Needs root, for the quota.
 */
const sizesMb = [1_024, 2_048, 3_008, 10_240];
const [rows, dimension] = [100_000, 768];
const rounds = 3;
const mostBefore = 300;
const searchesAfter = 50;
/** Of Lambda on x86 in us-east-1. */
const dollarsPerGbSecond = 0.0000166667;
const dollarsPerMillionRequests = 0.2;

interface Searched {
  first: number;
  second: number;
  /** Searches until one was answered from the disk alone. */
  until: number;
  /** The median of those after. */
  after: number;
}

const coresOf = (memoryMb: number) => memoryMb / limits.memoryMbOfCore;

await withStore(async (store) => {
  const environment = await lakehouseOnStore({ store });
  const source = `sets/${await benchSet(rows, "fixed_size_list", dimension)}`;
  const migrated = new Map<number, Migrated>();
  for (const memoryMb of sizesMb) {
    const input = { index: `docs-${memoryMb}`, source };
    const job = (there: Record<string, string>) => runChild<Migrated>("migrate-child.ts", input, there);
    migrated.set(memoryMb, await within(memoryMb, environment, job));
  }
  const searched = new Map<number, Searched[]>();
  for (let round = 0; round < rounds; round++)
    for (const memoryMb of sizesMb) {
      const index = `docs-${sizesMb[1]}`; // the same for all
      const one = await within(memoryMb, environment, (there) => searches(store, there, index));
      searched.set(memoryMb, [...(searched.get(memoryMb) ?? []), one]);
    }
  await report(migrated, searched);
});

/** Work of processes that have this memory's share of the processors, and are told of it. */
async function within<T>(
  memoryMb: number,
  environment: Record<string, string>,
  work: (there: Record<string, string>) => Promise<T>,
): Promise<T> {
  const quota = await CpuQuota.of(Math.min(coresOf(memoryMb), availableParallelism()));
  try {
    return await work({
      ...environment,
      ...quota.environment,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    });
  } finally {
    await sleep(200); // a process that was killed leaves its group a moment later
    await quota.remove();
  }
}

async function searches(
  store: BenchStore,
  environment: Record<string, string>,
  index: string,
): Promise<Searched> {
  const far = await S3Like.before(store.endpoint);
  const TMPDIR = await mkdtemp(join(resolve(cache), "memory-"));
  const { modules } = await assembleLayer();
  const there = { ...environment, NODE_PATH: modules, TMPDIR, AWS_ENDPOINT: far.endpoint };
  const container = new FrozenProcess("sparse-child.ts", there);
  const file = await unpackedSearch();
  const vectors = (await freshQueries(mostBefore, dimension)).map((vector) => [...vector]);
  let asked = 0;
  const search = () => {
    const vector = vectors[asked++ % vectors.length] as number[];
    return container.ask<SparseAnswer>({ file, index, vector } satisfies SparseSearch);
  };
  try {
    const [first, second] = [await search(), await search()];
    for (let last = second; last.cache !== "replica" && asked < mostBefore; ) last = await search();
    const until = asked;
    const after: number[] = [];
    for (let i = 0; i < searchesAfter; i++) after.push((await search()).ms);
    return { first: first.ms, second: second.ms, until, after: medianOf(after) };
  } finally {
    await container.end();
    await far.stop();
    await rm(TMPDIR, { recursive: true });
  }
}

async function report(migrated: Map<number, Migrated>, searched: Map<number, Searched[]>): Promise<void> {
  const header = ["memory", "vCPU", "here", "first search", "second"];
  const later = [`until the replica, at most ${mostBefore}`, "then, p50", "a million of these"];
  const table = tableOf(
    [...header, ...later, "load", "build", "verify"],
    sizesMb.map((memoryMb) => {
      const median = (of: (one: Searched) => number) => medianOf((searched.get(memoryMb) ?? []).map(of));
      const phases = migrated.get(memoryMb)?.phases ?? {};
      const cores = coresOf(memoryMb);
      return [
        `${memoryMb.toLocaleString("en-US")} MB`,
        cores.toFixed(2),
        Math.min(cores, availableParallelism()).toFixed(2),
        ms(median(({ first }) => first)),
        ms(median(({ second }) => second)),
        String(median(({ until }) => until)),
        ms(median(({ after }) => after)),
        `$${priceOf(
          memoryMb,
          median(({ after }) => after),
        ).toFixed(2)}`,
        ...["load", "build", "verify"].map((name) => seconds(phases[name] ?? Number.NaN)),
      ];
    }),
  );
  const how = `Each process has a quota of the processors (cgroup, period 20 ms): a core for 1,769 MB, as on Lambda, and no more than the ${availableParallelism()} there are here, so that the last row says what its memory gives without the rest of its processors. Searches: medians of ${rounds} containers, frozen between searches, on MinIO with S3's latency; load, build and verify on MinIO without it. Lambda's price alone.`;
  const on = `${rows.toLocaleString("en-US")} × ${dimension}, ${Object.values(machine()).join(", ")}.`;
  const text = `# By a function's memory\n\n${on}\n\n${how}\n\n${table}\n`;
  await writeFile(join("bench", "results", "memory.md"), text);
  console.log(text);
}

/** Of a million searches that take so long, in dollars. */
function priceOf(memoryMb: number, milliseconds: number): number {
  return dollarsPerMillionRequests + (memoryMb / 1_024) * milliseconds * 1_000 * dollarsPerGbSecond;
}
