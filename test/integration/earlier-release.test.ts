import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { describeWritten } from "../../lib/domain/documents/describe-written.ts";
import { dropIndex } from "../../lib/domain/index/drop-index.ts";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import { getJob, listJobs } from "../../lib/domain/jobs/get-job.ts";
import { listIndexes } from "../../lib/domain/search/describe-index.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { indexOperations } from "../../lib/http/operations/indexes.ts";
import { jobOperations } from "../../lib/http/operations/jobs.ts";
import { appendRows } from "../support/append-rows.ts";
import { copyOfEarlier } from "../support/earlier-lakehouse.ts";
import { type Lakehouse, runJob, waitForJob } from "../support/lakehouse.ts";
import { sampleRows } from "../support/parquet-files.ts";

/** What is in the folder: docs 300 rows and 10 appended, its third generation; plain 60; half 2 x 60, interrupted. */
const release = "0db7100";
const [docs, plain, half] = [310, 60, 120];

let lakehouse: Lakehouse;
let container: Container;

beforeEach(async () => {
  lakehouse = await copyOfEarlier(release);
  container = lakehouse.open();
});

afterEach(async () => {
  await waitForJob(container, "half"); // it is resumed in every test
  await lakehouse.remove();
});

async function idsIn(index: string): Promise<Set<unknown>> {
  const vector = sampleRows(1)[0]?.vector;
  const request = parseSearchRequest({ vector, k: 1_000, consistency: "strong" });
  const { hits } = await searchIndex(container.indexes, index, request, 10_000);
  expect(new Set(hits.map(({ doc_id }) => doc_id)).size).toBe(hits.length);
  return new Set(hits.map(({ doc_id }) => doc_id));
}

test("its indexes are listed and described, its tombstone is none", async () => {
  const { indexes, next } = await listIndexes(new EntryList(container.stores("primary"), container.clock), {
    limit: 9,
  });
  expect(indexes.map(({ name }) => name)).toEqual(["docs", "half", "plain"]);
  expect(indexOperations.listIndexes.response.safeParse({ indexes, next }).success).toBe(true);
  const described = await describeWritten(container, "docs");
  expect(indexOperations.getIndex.response.safeParse(described).success).toBe(true);
  expect(described).toMatchObject({
    published: { generation: "g3", indexType: "HNSW_SQ" },
    stats: { rows: docs, health: "ok" },
    recall: { status: "verified" },
  });
});

test("its indexes are searched, and documents fetched from them", async () => {
  expect((await idsIn("docs")).size).toBe(docs);
  const ids = await idsIn("plain");
  expect(ids.size).toBe(plain);
  const [id] = [...ids] as string[];
  const asked = {
    index: "plain",
    docId: id ?? "",
    select: ["doc_id", "label"],
    consistency: "strong",
  } as const;
  const found = await fetchDocument(container.indexes, { ...asked, select: [...asked.select] }, 10_000);
  expect(found).toMatchObject({ doc_id: id, label: expect.stringMatching(/^label /) });
});

test("its jobs are listed, and a failed one says why", async () => {
  const { jobs, next } = await listJobs(container.ledger, container.workflow, { limit: 20 });
  expect(jobOperations.listJobs.response.safeParse({ jobs, next }).success).toBe(true);
  expect(jobs.filter(({ id }) => id !== "half").map(({ state }) => state)).toEqual([
    "failed",
    ...Array.from({ length: 5 }, () => "succeeded"),
  ]);
  for (const { id } of jobs) {
    const job = await getJob(container.ledger, container.workflow, id);
    expect(jobOperations.getJob.response.safeParse(job).error).toBeUndefined();
    if (job.state === "failed") expect(job.error).toMatchObject({ code: "source-invalid", phase: "compact" });
  }
});

test("the job whose process was killed is resumed to its end, each row once", async () => {
  const job = await waitForJob(container, "half");
  expect(job.error).toBeNull();
  expect(job).toMatchObject({ state: "succeeded", rows: { done: half, total: half } });
  expect((await idsIn("half")).size).toBe(half);
});

test("its indexes are optimized, built anew, migrated over and dropped", async () => {
  const ref = { index: "docs", bucket: "primary", generation: "g3" };
  await appendRows(lakehouse.environment, ref, rowsOf(5, "later"));
  expect(await runJob(container, { type: "optimize", index: "docs" })).toMatchObject({ error: null });
  expect((await idsIn("docs")).size).toBe(docs + 5);
  expect(await runJob(container, { type: "build-index", index: "plain" })).toMatchObject({ error: null });
  expect((await idsIn("plain")).size).toBe(plain);
  const again = { type: "migrate", index: "gone", source: "source/half" };
  expect(await runJob(container, again)).toMatchObject({ error: null, generation: "g2" });
  await dropIndex(container.registry, container.generations, "docs");
  expect(await container.generations.list("primary", "docs")).toEqual([]);
});

const rowsOf = (count: number, prefix: string) =>
  sampleRows(count, 8, prefix).map((row) => ({ ...row, label: "later" }));
