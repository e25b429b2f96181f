import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { cancelJob } from "../../lib/domain/jobs/cancel-job.ts";
import { getJob, listJobs } from "../../lib/domain/jobs/get-job.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { startJob } from "../../lib/domain/jobs/start-job.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { createLakehouse, type Lakehouse, runJob, waitForJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});

afterEach(() => lakehouse.remove());

const small = { type: "migrate", index: "docs", source: "source/small", indexType: "IVF_FLAT" };
const slow = { ...small, source: "source/large", indexType: "HNSW_SQ" };

const writeSmall = () => writeParquetFile(join(lakehouse.source, "small/part.parquet"), sampleRows(600));
const writeLarge = () =>
  writeParquetFile(join(lakehouse.source, "large/part.parquet"), sampleRows(6_000, 32));
const tables = () => container.generations.list("primary", "docs");

test("the same start again is the same job; another input under its id is refused", async () => {
  await writeSmall();
  const input = jobInput.parse(small);
  await Promise.all([startJob(container, "once", input), startJob(container, "once", input)]);
  await startJob(container, "once", input);
  expect((await waitForJob(container, "once")).generation).toBe("g1");
  await startJob(container, "once", input);
  expect((await getJob(container.ledger, container.workflow, "once")).state).toBe("succeeded");
  expect((await container.registry.get("docs")).value.lastGeneration).toBe(1);
  const other = jobInput.parse({ ...small, index: "others" });
  await expect(startJob(container, "once", other)).rejects.toMatchObject({ kind: "IdempotencyMismatch" });
});

test("of two migrations of one index at once one wins, the other is refused with conflict", async () => {
  await writeSmall();
  const ids = ["first", "second"];
  const starts = await Promise.allSettled(ids.map((id) => startJob(container, id, jobInput.parse(small))));
  const jobs = await Promise.all(
    ids.flatMap((id, i) => (starts[i]?.status === "fulfilled" ? [waitForJob(container, id)] : [])),
  );
  const codes = [
    ...starts.flatMap((start) => (start.status === "rejected" ? [start.reason.code] : [])),
    ...jobs.flatMap(({ error }) => (error ? [error.code] : [])),
  ];
  expect(codes).toEqual(["conflict"]);
  expect(jobs.filter(({ state }) => state === "succeeded")).toHaveLength(1);
  expect(await tables()).toHaveLength(1);
});

test("a cancelled job leaves nothing behind, and the index can be migrated again", async () => {
  await writeLarge();
  await startJob(container, "slow", jobInput.parse(slow));
  const cancelled = await cancelJob(container, "slow");
  expect(cancelled).toMatchObject({ state: "cancelled", error: null });
  expect(await tables()).toEqual([]);
  await expect(container.registry.get("docs")).rejects.toMatchObject({ kind: "IndexNotFound" });
  await writeSmall();
  expect((await runJob(container, small)).state).toBe("succeeded");
  expect(await cancelJob(container, "slow")).toEqual(cancelled);
});

test("another process can cancel a job, in whatever phase it is", async () => {
  await writeLarge();
  await writeSmall();
  expect((await runJob(container, small)).state).toBe("succeeded");
  const other = lakehouse.open();
  for (const phase of ["load", "build", "verify"] as const) {
    const id = `during-${phase}`;
    await startJob(container, id, jobInput.parse(slow));
    while ((await getJob(other.ledger, other.workflow, id)).phases.every(({ name }) => name !== phase));
    expect(await cancelJob(other, id)).toMatchObject({ state: "cancelled" });
    expect(await tables()).toEqual(["g1"]);
    expect((await container.registry.get("docs")).value).toMatchObject({ claim: null, state: "ready" });
  }
  expect(
    (await describeIndex(container.registry, container.indexes, container.fallbacks, "docs")).stats?.rows,
  ).toBe(600);
});

test("a cancel that comes after the publication finds a job that succeeded", async () => {
  await writeSmall();
  await runJob(container, small);
  const { jobs } = await listJobs(container.ledger, container.workflow, { limit: 10 });
  const id = jobs[0]?.id ?? "";
  expect(await cancelJob(container, id)).toMatchObject({ id, state: "succeeded" });
  expect(await tables()).toEqual(["g1"]);
});

test("jobs are listed newest first, a page at a time", async () => {
  await writeSmall();
  for (const id of ["a", "b", "c"]) {
    await startJob(container, id, jobInput.parse(small));
    await waitForJob(container, id);
  }
  const first = await listJobs(container.ledger, container.workflow, { limit: 2 });
  expect(first.jobs.map(({ id }) => id)).toEqual(["c", "b"]);
  const second = await listJobs(container.ledger, container.workflow, { limit: 2, cursor: first.next ?? "" });
  expect(second.jobs.map(({ id }) => id)).toEqual(["a"]);
  expect(second.next).toBeNull();
});

test("a second migration replaces the first, whose generation is then removed", async () => {
  await writeSmall();
  await runJob(container, small);
  expect((await runJob(container, small)).generation).toBe("g2");
  await container.workflow.stop("none", "migrate"); // an unknown execution is no error
  await expect.poll(tables, { timeout: 10_000 }).toEqual(["g2"]);
});

test("a build-index job publishes the same rows with another index", async () => {
  await writeSmall();
  await runJob(container, small);
  const job = await runJob(container, { type: "build-index", index: "docs", indexType: "IVF_PQ" });
  expect(job).toMatchObject({ state: "succeeded", generation: "g2" });
  expect(job.phases.map(({ name }) => name)).toEqual(["plan", "fork", "build", "verify", "publish"]);
  const index = await describeIndex(container.registry, container.indexes, container.fallbacks, "docs");
  expect(index.published).toMatchObject({ indexType: "IVF_PQ", rows: 600, metric: "cosine" });
  expect(index.stats).toMatchObject({ rows: 600, health: "ok" });
  expect(index.stats?.indexes.map(({ type }) => type).sort()).toEqual(["BTREE", "BTREE", "IVF_PQ"]);
});

test.each(["IVF_PQ", "IVF_RQ", "IVF_FLAT", "HNSW_SQ"])(
  "%s reaches the recall asked for and tells its reasons",
  async (indexType) => {
    await writeSmall();
    const job = await runJob(container, { ...small, indexType, metric: "l2" });
    expect(job.error).toBeNull();
    const { published } = (await container.registry.get("docs")).value;
    expect(published).toMatchObject({ indexType, metric: "l2" });
    expect(published?.recall.measured).toBeGreaterThanOrEqual(0.95);
    expect(published?.reasons.length).toBeGreaterThan(0);
  },
);

test("fewer rows than an index trains on are served exactly, and the index says so", async () => {
  await writeParquetFile(join(lakehouse.source, "small/part.parquet"), sampleRows(255));
  expect((await runJob(container, { ...small, indexType: "IVF_PQ" })).error).toBeNull();
  const index = await describeIndex(container.registry, container.indexes, container.fallbacks, "docs");
  expect(index.published).toMatchObject({ indexType: "EXACT", searchDefaults: {}, recall: { measured: 1 } });
  expect(index.published?.reasons[0]).toContain("served exactly: 255 rows are fewer than the 256");
  expect(index.stats?.health).toBe("exact");
});

test("parameters that do not fit the data fail the job before anything is loaded", async () => {
  await writeParquetFile(join(lakehouse.source, "small/part.parquet"), sampleRows(600, 12));
  const job = await runJob(container, { ...small, indexType: "IVF_RQ" });
  expect(job.error).toMatchObject({ code: "index-parameters-invalid", issues: [{ path: "indexType" }] });
  expect(job.phases.map(({ name }) => name)).toEqual(["plan"]);
  const pq = await runJob(container, {
    ...small,
    indexType: "IVF_PQ",
    indexParameters: { numSubVectors: 8, m: 20 },
  });
  expect(pq.error?.issues?.map(({ path }) => path)).toEqual([
    "indexParameters.m",
    "indexParameters.numSubVectors",
  ]);
});

test("a recall that cannot be reached fails the job with the best that was seen", async () => {
  await writeParquetFile(join(lakehouse.source, "small/part.parquet"), sampleRows(8_000, 32));
  const coarse = { numPartitions: 50, numSubVectors: 2, numBits: 4 };
  const job = await runJob(container, {
    ...small,
    indexType: "IVF_PQ",
    indexParameters: coarse,
    targetRecall: 1,
  });
  expect(job.error?.code).toBe("recall-not-reached");
  expect(job.error?.message).toMatch(
    /IVF_PQ \(.*numBits 4.*\) reaches recall@10 0\.\d+ at best .* asked for 1; ask for indexType "auto"/,
  );
  expect(job.error?.message).toMatch(/or numBits 8 of IVF_PQ, or a targetRecall of at most 0\.\d/);
  expect(await tables()).toEqual([]);
});

test("a direct start of a state machine is a job as good as one from HTTP", async () => {
  await writeSmall();
  await container.workflow.start("by-hand", "migrate", small);
  expect(await waitForRegistered("by-hand")).toMatchObject({ state: "succeeded", index: "docs" });
  await container.workflow.start("wrong", "migrate", { ...small, index: "NO", surplus: 1 });
  await expect
    .poll(() => container.workflow.describe("wrong", "migrate"), { timeout: 10_000 })
    .toMatchObject({ status: "failed" });
});

async function waitForRegistered(id: string) {
  await expect.poll(() => container.ledger.record(id), { timeout: 10_000 }).toBeDefined();
  return waitForJob(container, id);
}

test("many small files become one fragment, and what it replaced is removed", async () => {
  for (let file = 0; file < 20; file++)
    await writeParquetFile(join(lakehouse.source, `small/${file}.parquet`), sampleRows(30, 8, `f${file}-`));
  expect((await runJob(container, small)).error).toBeNull();
  const { stats } = await describeIndex(container.registry, container.indexes, container.fallbacks, "docs");
  expect(stats).toMatchObject({ rows: 600, fragments: 1 });
  expect(await readdir(join(lakehouse.root, "data/lance/docs/g1.lance/data"))).toHaveLength(1);
});
