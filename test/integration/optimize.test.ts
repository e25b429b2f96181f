import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { deleteDocuments } from "../../lib/domain/documents/delete-documents.ts";
import type { IndexType } from "../../lib/domain/index/index-entry.ts";
import { cancelJob } from "../../lib/domain/jobs/cancel-job.ts";
import { getJob } from "../../lib/domain/jobs/get-job.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { startJob } from "../../lib/domain/jobs/start-job.ts";
import { recallOf, summarise } from "../../lib/domain/recall/choose-search-defaults.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import type { TaskContext } from "../../lib/domain/task-context.ts";
import { runTask, type TaskName } from "../../lib/task/run-task.ts";
import { appendRows, optimizeAsClient } from "../support/append-rows.ts";
import { blindAtFirst } from "../support/blind-probes.ts";
import { createLakehouse, type Lakehouse, runJob, waitForJob } from "../support/lakehouse.ts";
import { otherProcess } from "../support/other-process.ts";
import { type Row, sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { storedRows } from "../support/stored-rows.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});

afterEach(() => lakehouse.remove());

const migrate = { type: "migrate", index: "docs", source: "source/docs" };
const optimize = { type: "optimize", index: "docs" };
const first = { index: "docs", bucket: "primary", generation: "g1" };
const id = "job";

/** Migrates all but the last rows and appends those as a LanceDB client does. */
async function publishedAndAppended(all: Row[], appended: number, more: object = {}): Promise<void> {
  await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), all.slice(0, -appended));
  expect((await runJob(container, { ...migrate, ...more })).error).toBeNull();
  await appendRows(lakehouse.environment, first, all.slice(-appended));
}

const described = () => describeIndex(container.registry, container.indexes, container.fallbacks, "docs");
const tables = () => container.generations.list("primary", "docs");
const ids = (rows: Row[]) => rows.map(({ doc_id }) => String(doc_id)).sort();

async function expectServed(generation: string, rows: number): Promise<void> {
  const index = await described();
  expect(index).toMatchObject({ published: { generation }, claim: null, stats: { rows } });
}

/** The old generation is gone, and each row is there once. */
async function expectRowsOnceIn(generation: string, rows: Row[]): Promise<void> {
  await expect.poll(tables, { timeout: 15_000 }).toEqual([generation]);
  await expectServed(generation, rows.length);
  expect([...(await storedRows(lakehouse, "docs")).keys()].sort()).toEqual(ids(rows));
}

/** Mean recall@10 of queries at rows, against the nearest by cosine, and its standard error. */
async function recallAt(queries: Row[], all: Row[]) {
  const recalls: number[] = [];
  for (const { vector } of queries) {
    const near = all.toSorted((a, b) => cosine(vector, b.vector) - cosine(vector, a.vector));
    const request = parseSearchRequest({ vector, k: 10, consistency: "strong" });
    const { hits } = await searchIndex(container.indexes, "docs", request, 10_000);
    const found = hits.map(({ doc_id }) => String(doc_id));
    recalls.push(
      recallOf(
        near.slice(0, 10).map((row) => String(row.doc_id)),
        found,
      ),
    );
  }
  return summarise({}, recalls);
}

function cosine(a: number[] | null, b: number[] | null): number {
  const dot = (x: number[], y: number[]) => x.reduce((sum, one, i) => sum + one * (y[i] ?? 0), 0);
  return a && b ? dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) : 0;
}

test.each<[IndexType, RegExp]>([
  ["IVF_PQ", /^optimize: built again, 100 of 700 rows were not indexed/],
  ["IVF_RQ", /^optimize: built again, 100 of 700 rows were not indexed/],
  ["IVF_FLAT", /^optimize: built again, 100 of 700 rows were not indexed/],
  ["HNSW_SQ", /^optimize: folded, 100 of 700 rows were not indexed, and became part 2 of the index$/],
])(
  "%s: the index says that rows were appended, and an optimize job takes them in",
  async (indexType, why) => {
    const all = sampleRows(700);
    await publishedAndAppended(all, 100, { indexType });
    const before = await described();
    expect(before.recall).toMatchObject({ target: 0.95, status: "unverified", unindexedRows: 100 });
    expect(before.recall?.servedVersion).toBeGreaterThan(before.recall?.version ?? Number.POSITIVE_INFINITY);
    const job = await runJob(container, optimize);
    expect(job).toMatchObject({ state: "succeeded", generation: "g2", error: null });
    expect(job.phases.map(({ name }) => name)).toEqual(["plan", "fork", "build", "verify", "publish"]);
    await expectRowsOnceIn("g2", all);
    const { published, recall, stats } = await described();
    expect(published).toMatchObject({ indexType, rows: 700, asked: { indexType } });
    expect(published?.reasons.at(-1)).toMatch(why);
    expect(recall).toMatchObject({ target: 0.95, status: "verified", unindexedRows: 0 });
    expect(stats?.indexes.map(({ unindexedRows }) => unindexedRows)).toEqual([0, 0, 0]);
    const found = await recallAt(all.slice(-100), all);
    expect(found.recall + 2 * found.error).toBeGreaterThanOrEqual(0.95);
  },
);

test("rows served exactly are always verified; when there are enough of them they get the index asked for", async () => {
  const all = sampleRows(300);
  await publishedAndAppended(all, 100, { indexType: "IVF_FLAT" });
  expect((await described()).recall).toMatchObject({ measured: 1, status: "verified", unindexedRows: 0 });
  expect((await runJob(container, optimize)).error).toBeNull();
  await expectRowsOnceIn("g2", all);
  expect((await described()).published).toMatchObject({ indexType: "IVF_FLAT" });
});

test("large partitions are folded into until there are four parts, and what was asked for stays", async () => {
  const all = sampleRows(5_000);
  const indexParameters = { numPartitions: 1 };
  await publishedAndAppended(all.slice(0, 4_600), 100, { indexType: "IVF_FLAT", indexParameters });
  for (const [round, done] of ["became part 2", "became part 3", "became part 4", "had 4 parts"].entries()) {
    expect((await runJob(container, optimize)).error).toBeNull();
    const { published } = await described();
    expect(published?.reasons.at(-1)).toContain(done);
    expect(published).toMatchObject({ asked: { indexParameters }, indexParameters });
    const more = all.slice(4_600 + round * 100, 4_700 + round * 100);
    await appendRows(lakehouse.environment, { ...first, generation: `g${round + 2}` }, more);
  }
  await expectServed("g5", 5_000);
});

test("an index whose partitions a client's own optimize has joined is built again", async () => {
  const all = sampleRows(3_001);
  await publishedAndAppended(all, 1, { indexType: "IVF_FLAT" });
  await optimizeAsClient(lakehouse.environment, first);
  expect((await described()).recall).toMatchObject({ status: "unverified", unindexedRows: 0 });
  expect((await runJob(container, optimize)).error).toBeNull();
  const { published } = await described();
  expect(published?.reasons.at(-1)).toMatch(
    /built again, LanceDB's optimize had joined 55 partitions to \d$/,
  );
  await expectRowsOnceIn("g2", all);
});

test("a promise that is kept costs nothing; another target is looked for in the index as it is", async () => {
  await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), sampleRows(600));
  await runJob(container, { ...migrate, indexType: "IVF_FLAT" });
  const nothing = await runJob(container, optimize);
  expect(nothing).toMatchObject({ state: "succeeded", generation: null, error: null });
  expect(nothing.phases.map(({ name }) => name)).toEqual(["plan"]);
  expect(await runJob(container, { ...optimize, targetRecall: 0.95 })).toMatchObject({ generation: null });
  await expectServed("g1", 600);
  expect(await runJob(container, { ...optimize, targetRecall: 0.8 })).toMatchObject({ generation: "g2" });
  const { published, recall } = await described();
  expect(recall).toMatchObject({ target: 0.8, status: "verified" });
  expect(published?.reasons.at(-1)).toBe("optimize: kept, all 600 rows were indexed");
  expect((await container.registry.get("docs")).value.lastGeneration).toBe(2);
});

test("an index of old, whose measured version nobody noted, is measured again", async () => {
  await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), sampleRows(600));
  await runJob(container, { ...migrate, indexType: "IVF_FLAT" });
  await container.registry.update("docs", ({ published }) => ({
    published: published && {
      ...published,
      asked: undefined,
      recall: { ...published.recall, version: null },
    },
  }));
  expect((await described()).recall).toMatchObject({ version: null, status: "unverified" });
  expect(await runJob(container, optimize)).toMatchObject({ generation: "g2" });
  expect((await described()).recall).toMatchObject({ status: "verified" });
});

test("a recall that cannot be reached leaves the published generation, its rows and their promise as they were", async () => {
  const indexParameters = { numPartitions: 50, numSubVectors: 2, numBits: 4 };
  const all = sampleRows(8_000, 32);
  await publishedAndAppended(all, 100, { indexType: "IVF_PQ", indexParameters, targetRecall: 0.3 });
  const job = await runJob(container, { ...optimize, targetRecall: 1 });
  expect(job).toMatchObject({ state: "failed", error: { code: "recall-not-reached", phase: "verify" } });
  expect(await tables()).toEqual(["g1"]);
  await expectServed("g1", 8_000);
  expect((await described()).recall).toMatchObject({ target: 0.3, status: "unverified" });
});

test("an index that misses the target when rows were folded into it is built again", async () => {
  const all = sampleRows(700);
  await publishedAndAppended(all, 100, { indexType: "HNSW_SQ" });
  container.probes = blindAtFirst(container.probes);
  expect((await runJob(container, optimize)).error).toBeNull();
  const { published, recall } = await described();
  expect(published?.reasons.at(-1)).toMatch(
    /^optimize: built again, without it HNSW_SQ \(.*\) reaches recall@10 0 at/,
  );
  expect(recall).toMatchObject({ status: "verified" });
  await expectRowsOnceIn("g2", all);
});

const context: TaskContext = {
  signal: new AbortController().signal,
  remainingMs: () => Number.POSITIVE_INFINITY,
};
const input = jobInput.parse(optimize);
const run = (task: TaskName, payload: object = {}) =>
  runTask(task, { jobId: id, input, ...payload }, context, container, () => undefined);

test.each<IndexType>(["IVF_FLAT", "HNSW_SQ"])("%s: every task may be repeated", async (indexType) => {
  const all = sampleRows(700);
  await publishedAndAppended(all, 100, { indexType });
  const twice = async <T>(task: TaskName, payload?: object): Promise<T> => {
    await run(task, payload);
    return (await run(task, payload)) as T;
  };
  expect(await twice("plan")).toMatchObject({ isNeeded: true, rows: 700 });
  const { rows } = await twice<{ rows: number }>("fork");
  const index = await twice("build");
  const verified = await twice("verify", { rows, index });
  await twice("publish", { index, verified });
  await twice("retire");
  await expectRowsOnceIn("g2", all);
  expect((await described()).recall).toMatchObject({ status: "verified", unindexedRows: 0 });
});

/** Everything its state machine calls, up to the publication: as who takes the job over begins again. */
async function runAll(): Promise<void> {
  await run("plan");
  const { rows } = (await run("fork")) as { rows: number };
  const index = await run("build");
  const verified = await run("verify", { rows, index });
  await run("publish", { index, verified });
}

test.each<[string, object, number]>([
  ["rebuilt", { indexType: "IVF_FLAT" }, 100],
  ["folded", { indexType: "HNSW_SQ" }, 100],
  ["kept", { indexType: "HNSW_SQ" }, 0],
])(
  "a job that has %s and is taken over after its publication writes nothing",
  async (way, more, appended) => {
    const all = sampleRows(700);
    await publishedAndAppended(all, 100, more);
    if (appended === 0) await optimizeAsClient(lakehouse.environment, first);
    await runAll();
    const { published } = await described();
    expect(published?.reasons.at(-1)).toMatch(
      new RegExp(`^optimize: ${way === "rebuilt" ? "built again" : way}`),
    );
    await runAll();
    await run("retire");
    expect(await described()).toMatchObject({ published, recall: { status: "verified" }, retiring: [] });
    await expectRowsOnceIn("g2", all);
  },
);

test("rows written to the published generation meanwhile are carried over, changed and deleted ones as well", async () => {
  const all = sampleRows(800);
  await publishedAndAppended(all.slice(0, 700), 100, { indexType: "HNSW_SQ" });
  await run("plan");
  const { rows } = (await run("fork")) as { rows: number };
  await appendRows(lakehouse.environment, first, all.slice(700));
  const deleted = { ids: [all[0]?.doc_id ?? ""], dryRun: false };
  await deleteDocuments(container, "docs", deleted, undefined, 10_000);
  const index = await run("build");
  const verified = await run("verify", { rows, index });
  await run("publish", { index, verified });
  await run("retire");
  await expectRowsOnceIn("g2", all.slice(1));
  expect((await described()).recall).toMatchObject({ status: "unverified", unindexedRows: 100 });
  expect((await runJob(container, optimize)).error).toBeNull();
  await expectRowsOnceIn("g3", all.slice(1));
});

test.each<["conflict" | "keep" | "discard", string, number]>([
  ["conflict", "g1", 800],
  ["keep", "g2", 800],
  ["discard", "g2", 700],
])(
  "a job that brings its own rows, with others written meanwhile: %s",
  async (onWrites, generation, rows) => {
    const all = sampleRows(800);
    await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), all.slice(0, 700));
    expect((await runJob(container, migrate)).error).toBeNull();
    const other = lakehouse.open();
    const fence = other.generations.fence.bind(other.generations);
    other.generations.fence = async (...given) => {
      await appendRows(lakehouse.environment, first, all.slice(700));
      return fence(...given);
    };
    const job = await runJob(other, { ...migrate, onWrites });
    expect(job.error?.code ?? null).toBe(onWrites === "conflict" ? "conflict" : null);
    await expectRowsOnceIn(generation, all.slice(0, rows));
  },
);

test("a cancelled optimization leaves the published generation, and another may follow", async () => {
  const all = sampleRows(4_000, 32);
  await publishedAndAppended(all, 2_500, { indexType: "HNSW_SQ" });
  const other = lakehouse.open();
  await startJob(container, id, input);
  while ((await getJob(other.ledger, other.workflow, id)).phases.every(({ name }) => name !== "build"));
  expect(await cancelJob(other, id)).toMatchObject({ state: "cancelled" });
  await expect.poll(tables, { timeout: 15_000 }).toEqual(["g1"]);
  await expectServed("g1", 4_000);
  expect((await runJob(container, optimize)).error).toBeNull();
  await expectRowsOnceIn("g3", all);
});

/** Every few writes of its tasks; the step is coprime to the order of the calls. */
const points = Array.from({ length: 8 }, (_, i) => 1 + i * 5);

test.each(points)("killed after call %i the next process finishes it", async (calls) => {
  const all = sampleRows(700);
  await publishedAndAppended(all, 100, { indexType: calls % 2 ? "HNSW_SQ" : "IVF_FLAT" });
  const job = JSON.stringify(optimize);
  const exit = await otherProcess(lakehouse.environment, "job-until", id, job, String(calls)).exited;
  expect((await described()).stats?.rows).toBe(700);
  if (exit === "SIGKILL") await startJob(lakehouse.open(), id, input);
  expect(await waitForJob(container, id)).toMatchObject({ state: "succeeded", error: null });
  await expectRowsOnceIn("g2", all);
  expect((await described()).recall).toMatchObject({ status: "verified", unindexedRows: 0 });
});
