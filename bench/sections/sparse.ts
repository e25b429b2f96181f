import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { assembleLayer } from "../../scripts/layer.ts";
import type { BenchRun } from "../bench-run.ts";
import { benchSet, cache, freshQueries } from "../bench-set.ts";
import { runChild } from "../child.ts";
import { bareTable, type ColdSteps, unpackedSearch } from "../cold-start.ts";
import { dollarsOfAMillion, httpApiOfAMillion } from "../costs.ts";
import { FrozenProcess } from "../frozen-process.ts";
import { medianOf } from "../percentiles.ts";
import { S3Like } from "../s3-like.ts";
import type { SparseAnswer, SparseProbe, SparseSearch, SparseWarm } from "../sparse-child.ts";
import type { SparseRound, SparseSearched, SparseSize } from "../sparse-results.ts";
import { lakehouseOnStore } from "./cold.ts";
import { ms, type Section, tableOf } from "./section.ts";

/** Searches that a container without a replica is asked at most. */
const mostBefore = 600;
/** How often the warm route, which answers within half a minute, is asked for the rest. */
const mostWarmings = 3;
const differentQueries = 200;
const warmSearches = 20;
const pauses = 3;
/** Longer than what a container knows of its index is believed. */
const pauseMs = 5_000;

/** A container that is frozen between searches, on a store as far away as S3, by the number of rows. */
export const sparse: Section<"sparse"> = {
  title: "A container that is frozen between searches",
  async measure(run, keep) {
    const sizes: SparseSize[] = [];
    for (const rows of run.options.sweep) {
      sizes.push(await run.step(`${rows} rows`, () => sizeOf(run, rows)));
      await keep(sizes);
    }
    return sizes;
  },
  markdown(sizes) {
    return [times(sizes), requests(sizes), filled, costs(sizes)].join("\n\n");
  },
};

const filled = `Where searches do not bring the replica, the warm route is asked for it, ${mostWarmings} times at most; *then* and what follows it is measured after that.`;

/** Over the rounds. */
export const medianOver = ({ rounds }: SparseSize, of: (round: SparseRound) => number) =>
  medianOf(rounds.map(of));

function times(sizes: SparseSize[]): string {
  const header = ["rows", "first", "bare LanceDB", "second", `until the replica, at most ${mostBefore}: p50`];
  const rows = sizes.map((size) => [
    String(size.rows),
    ms(medianOver(size, ({ first }) => first.ms)),
    ms(medianOf(size.bare)),
    ms(medianOver(size, ({ second }) => second.ms)),
    ms(medianOver(size, ({ before }) => before.p50)),
    ms(medianOver(size, ({ warm }) => warm.ms)),
    ms(medianOver(size, ({ paused }) => paused.ms)),
    ms(medianOver(size, ({ pausedRequest }) => pausedRequest)),
  ]);
  const last = ["then: p50", `after ${pauseMs / 1_000} s`, "one request after that"];
  return tableOf([...header, ...last], rows);
}

function requests(sizes: SparseSize[]): string {
  const shown = ({ gets, lists }: SparseSearched) => gets + lists;
  const header = [
    "requests",
    "first",
    "second",
    "until the replica, each",
    "then, each",
    `after ${pauseMs / 1_000} s`,
  ];
  const rows = sizes.map((size) => [
    String(size.rows),
    medianOver(size, ({ first }) => shown(first)).toFixed(0),
    medianOver(size, ({ second }) => shown(second)).toFixed(0),
    medianOver(size, ({ before }) => before.gets + before.lists).toFixed(1),
    medianOver(size, ({ warm }) => shown(warm)).toFixed(1),
    medianOver(size, ({ paused }) => shown(paused)).toFixed(1),
  ]);
  return tableOf(
    [...header, "LISTs in all"],
    rows.map((row, i) => [...row, listsOf(sizes[i] as SparseSize)]),
  );
}

const listsOf = (size: SparseSize) =>
  medianOver(size, ({ first, second, before, warm, paused }) =>
    [first, second, before, warm, paused].reduce((sum, { lists }) => sum + lists, 0),
  ).toFixed(0);

function costs(sizes: SparseSize[]): string {
  const header = ["a million searches, by a Function URL", "busy", `each after ${pauseMs / 1_000} s`];
  const rows = sizes.map((size) => [
    String(size.rows),
    dollars(dollarsOf(size, "warm")),
    dollars(dollarsOf(size, "paused")),
  ]);
  return `${tableOf(header, rows)}\n\nAn HTTP API adds ${dollars(httpApiOfAMillion)}.`;
}

export const dollars = (amount: number) => `$${amount.toFixed(2)}`;

/** Of a million searches as they are when the replica is there: one after the other, or with a pause before each. */
export function dollarsOf(size: SparseSize, kind: "warm" | "paused"): number {
  const of = (value: (searched: SparseSearched) => number) => medianOver(size, (round) => value(round[kind]));
  return dollarsOfAMillion({
    ms: of((one) => one.ms),
    gets: of(({ gets }) => gets),
    lists: of(({ lists }) => lists),
  });
}

async function sizeOf(run: BenchRun, rows: number): Promise<SparseSize> {
  if (!run.store) throw new Error("sparse traffic is measured on a store");
  const { dimension, rounds } = run.options;
  const environment = await lakehouseOnStore(run);
  const index = `sparse-${rows}x${dimension}`;
  const source = `sets/${await benchSet(rows, run.options.layout, dimension)}`;
  if (!(await run.store.has(`cold/registry/openings/${index}/opening`)))
    await runChild("migrate-child.ts", { index, source, indexType: "auto" }, environment);
  const vectors = (await freshQueries(differentQueries, dimension)).map((vector) => [...vector]);
  const far = await S3Like.before(run.store.endpoint);
  try {
    const there = { ...environment, AWS_ENDPOINT: far.endpoint };
    const storageOptions = { ...run.store.storageOptions, aws_endpoint: far.endpoint };
    const bare = { ...(await bareTable(environment, index)), storageOptions, vectors: vectors.slice(0, 2) };
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

interface Container {
  environment: Record<string, string>;
  index: string;
  vectors: number[][];
}

async function roundOf(far: S3Like, { environment, index, vectors }: Container): Promise<SparseRound> {
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
    const { operations, requests, bytes } = far.takeCounts();
    const lists = operations["ListObjects"] ?? 0;
    return { ...answer, gets: requests - lists, lists, bytes };
  };
  try {
    const [first, second] = [await search(), await search()];
    const before: (SparseSearched & SparseAnswer)[] = [];
    for (let last = second; last.cache !== "replica" && before.length < mostBefore; before.push(last))
      last = await search();
    for (let i = 0; i < mostWarmings && (await search()).cache !== "replica"; i++)
      await container.ask<SparseAnswer>({ file, warm: index } satisfies SparseWarm);
    const warm = [];
    for (let i = 0; i < warmSearches; i++) warm.push(await search());
    const paused = [];
    const probes: number[] = [];
    for (let i = 0; i < pauses; i++) {
      await sleep(pauseMs);
      paused.push(await search());
      await sleep(pauseMs);
      probes.push((await container.ask<SparseAnswer>({ endpoint: far.endpoint } satisfies SparseProbe)).ms);
    }
    const each = { searches: before.length, p50: medianOf(before.map((one) => one.ms)), ...meanOf(before) };
    return {
      first,
      second,
      before: each,
      warm: typical(warm),
      paused: typical(paused),
      pausedRequest: medianOf(probes),
    };
  } finally {
    await container.end();
    await rm(TMPDIR, { recursive: true });
  }
}

/** The median of times and the mean of requests. */
const typical = (searches: SparseSearched[]): SparseSearched => ({
  ms: medianOf(searches.map((one) => one.ms)),
  ...meanOf(searches),
});

function meanOf(searches: SparseSearched[]) {
  const mean = (of: (one: SparseSearched) => number) =>
    searches.reduce((sum, one) => sum + of(one), 0) / Math.max(1, searches.length);
  return {
    gets: mean(({ gets }) => gets),
    lists: mean(({ lists }) => lists),
    bytes: mean(({ bytes }) => bytes),
  };
}
