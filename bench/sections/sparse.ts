import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { assembleLayer } from "../../scripts/layer.ts";
import type { BenchRun } from "../bench-run.ts";
import { benchSet, cache, freshQueries } from "../bench-set.ts";
import { runChild } from "../child.ts";
import { bareTable, type ColdSteps, unpackedSearch } from "../cold-start.ts";
import { FrozenProcess } from "../frozen-process.ts";
import { medianOf } from "../percentiles.ts";
import type { SparseRound, SparseSearched, SparseSize } from "../results.ts";
import { S3Like } from "../s3-like.ts";
import type { SparseAnswer, SparseSearch } from "../sparse-child.ts";
import { lakehouseOnStore } from "./cold.ts";
import { ms, type Section, tableOf } from "./section.ts";

/** Searches that a container without a replica is asked at most. */
const mostBefore = 200;
const afterReplica = 20;
/** Longer than what a container knows of its index is believed. */
const pauseMs = 5_000;

/** A container that is frozen between searches, on a store as far away as S3, by the number of rows. */
export const sparse: Section<"sparse"> = {
  title: "Sparse traffic on a store with S3's latency",
  async measure(run, keep) {
    const sizes: SparseSize[] = [];
    for (const rows of run.options.sweep) {
      sizes.push(await run.step(`${rows} rows`, () => sizeOf(run, rows)));
      await keep(sizes);
    }
    return sizes;
  },
  markdown(sizes) {
    const header = [
      "rows",
      "first",
      "bare LanceDB",
      "second",
      "until the replica: searches",
      "p50",
      "GETs a search",
      "with it: p50",
      `after ${pauseMs / 1_000} s`,
    ];
    return tableOf(header, sizes.map(rowOf));
  },
};

function rowOf({ rows, rounds, bare }: SparseSize): string[] {
  const median = (of: (round: SparseRound) => number) => medianOf(rounds.map(of));
  const both = (of: (round: SparseRound) => SparseSearched) =>
    `${ms(median((round) => of(round).ms))}, ${median((round) => of(round).requests)} requests`;
  return [
    String(rows),
    both(({ first }) => first),
    ms(medianOf(bare)),
    both(({ second }) => second),
    String(median(({ before }) => before.searches)),
    ms(median(({ before }) => before.p50)),
    median(({ before }) => before.requests / Math.max(1, before.searches)).toFixed(1),
    ms(median(({ afterP50 }) => afterP50)),
    both(({ paused }) => paused),
  ];
}

async function sizeOf(run: BenchRun, rows: number): Promise<SparseSize> {
  if (!run.store) throw new Error("sparse traffic is measured with --stack");
  const { dimension, rounds } = run.options;
  const environment = await lakehouseOnStore(run);
  const index = `sparse-${rows}`;
  const source = `sets/${await benchSet(rows, run.options.layout, dimension)}`;
  await runChild("migrate-child.ts", { index, source, indexType: "auto" }, environment);
  const vectors = (await freshQueries(mostBefore, dimension)).map((vector) => [...vector]);
  const far = await S3Like.before(run.store.endpoint);
  try {
    const there = { ...environment, AWS_ENDPOINT: far.endpoint };
    const storageOptions = { ...run.store.storageOptions, aws_endpoint: far.endpoint };
    const two = vectors.slice(0, 2);
    const bare = { ...(await bareTable(environment, index)), storageOptions, vectors: two };
    const size: SparseSize = { rows, rounds: [], bare: [] };
    for (let round = 0; round < rounds; round++) {
      size.bare.push((await runChild<ColdSteps>("cold-bare-child.ts", bare, there)).total);
      size.rounds.push(await roundOf(far, { environment: there, index, vectors }));
    }
    return size;
  } finally {
    await far.stop();
  }
}

async function roundOf(
  far: S3Like,
  {
    environment,
    index,
    vectors,
  }: { environment: Record<string, string>; index: string; vectors: number[][] },
): Promise<SparseRound> {
  const TMPDIR = await mkdtemp(join(resolve(cache), "sparse-")); // for replicas
  const { modules } = await assembleLayer();
  const onLambda = { NODE_PATH: modules, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "2048", TMPDIR };
  const container = new FrozenProcess("sparse-child.ts", { ...environment, ...onLambda });
  const file = await unpackedSearch();
  let asked = 0;
  const search = async (): Promise<SparseSearched & SparseAnswer> => {
    const vector = vectors[asked++ % vectors.length] as number[];
    far.takeCounts();
    const answer = await container.ask<SparseAnswer>({ file, index, vector } satisfies SparseSearch);
    return { ...answer, requests: far.takeCounts().requests };
  };
  try {
    const first = await search();
    const second = await search();
    const before = [];
    for (let last = second; last.cache !== "replica" && before.length < mostBefore; before.push(last))
      last = await search();
    const after = [];
    for (let i = 0; i < afterReplica; i++) after.push(await search());
    await sleep(pauseMs);
    const paused = await search();
    return {
      first,
      second,
      before: {
        searches: before.length,
        p50: medianOf(before.map((one) => one.ms)),
        requests: before.reduce((sum, { requests }) => sum + requests, 0),
      },
      afterP50: medianOf(after.map((one) => one.ms)),
      paused,
    };
  } finally {
    await container.end();
    await rm(TMPDIR, { recursive: true });
  }
}
