import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import type { Job } from "../../lib/domain/jobs/job.ts";
import { recallOf } from "../../lib/domain/recall/choose-search-defaults.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";

let lakehouse: Lakehouse;
let container: Container;
let job: Job;

/** A hundred queries say a mean only to about a hundredth: what is asserted of them is less than what is asked for. */
const targetRecall = 0.98;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  const input = { type: "migrate", index: "words", source: "examples/words", workers: 2, targetRecall };
  job = await runJob(container, input);
});

afterAll(() => lakehouse.remove());

test("ten thousand real words in three layouts become one published index", async () => {
  expect(job.error).toBeNull();
  expect(job.state).toBe("succeeded");
  expect(job.rows).toEqual({ done: 10_000, total: 10_000 });
  expect(job.phases.map(({ name }) => name)).toEqual([
    "plan",
    "load",
    "compact",
    "build",
    "verify",
    "publish",
  ]);
  const index = await describeIndex(container.registry, container.indexes, container.fallbacks, "words");
  expect(index.published).toMatchObject({
    generation: "g1",
    indexType: "IVF_PQ",
    dimension: 100,
    rows: 10_000,
  });
  expect(index.published?.recall.measured).toBeGreaterThanOrEqual(targetRecall);
  expect(index.stats).toMatchObject({ rows: 10_000, unindexedRows: 0, health: "ok" });
});

test("its stored defaults reach the promised recall on queries that were not sampled", async () => {
  const { queries } = JSON.parse(await readFile("examples/words/queries.json", "utf8"));
  const recalls: number[] = [];
  for (const { vector, neighbours } of queries) {
    const request = parseSearchRequest({ vector, select: ["chunk_text"] });
    const { hits } = await searchIndex(container.indexes, "words", request, 5_000);
    recalls.push(
      recallOf(
        neighbours,
        hits.map((hit) => hit.doc_id),
      ),
    );
  }
  expect(recalls).toHaveLength(100);
  expect(recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length).toBeGreaterThanOrEqual(0.95);
});

test("with a filter it is searched as widely as was measured to reach the promised recall", async () => {
  const { published } = await describeIndex(
    container.registry,
    container.indexes,
    container.fallbacks,
    "words",
  );
  expect(published?.recall.filtered).toBeGreaterThanOrEqual(targetRecall);
  const { queries } = JSON.parse(await readFile("examples/words/queries.json", "utf8"));
  const filter = { op: "like-prefix", column: "chunk_text", prefix: "co" };
  const found = async (vector: number[], more: object) => {
    const request = parseSearchRequest({ vector, filter, select: [], ...more });
    const { hits, performance } = await searchIndex(container.indexes, "words", request, 5_000);
    return { ids: hits.map((hit) => hit.doc_id), performance };
  };
  const recalls: number[] = [];
  for (const { vector } of queries) {
    const { ids, performance } = await found(vector, {});
    expect(performance).toMatchObject(published?.filteredDefaults ?? { nprobes: "measured" });
    const exact = await found(vector, { nprobes: 65_536, refineFactor: 256 });
    recalls.push(recallOf(exact.ids, ids));
  }
  expect(recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length).toBeGreaterThanOrEqual(0.95);
});

test("a search finds the neighbours a person would expect, nearest first", async () => {
  const { queries } = JSON.parse(await readFile("examples/words/queries.json", "utf8"));
  const request = parseSearchRequest({ vector: queries[0].vector, k: 4, nprobes: 100, refineFactor: 50 });
  const { hits } = await searchIndex(container.indexes, "words", request, 5_000);
  expect(hits.map((hit) => hit["chunk_text"])).toEqual(["dead", "injured", "trapped", "rescued"]);
  expect(hits[0]).toMatchObject({ source: "glove-6b-100d", chunk_idx: 0 });
  expect(hits[0]).not.toHaveProperty("vector");
});

test("a document is fetched by its id, its vector only when asked for", async () => {
  const request = { index: "words", docId: "w08397", consistency: "eventual" } as const;
  const plain = await fetchDocument(container.indexes, request, 5_000);
  expect(plain).toEqual({ doc_id: "w08397", source: "glove-6b-100d", chunk_idx: 0, chunk_text: "stricken" });
  const full = await fetchDocument(container.indexes, { ...request, select: ["vector"] }, 5_000);
  expect(full["vector"]).toHaveLength(100);
});

test("a request's own settings stand in for the stored ones, and all of the partitions can be asked for", async () => {
  const { queries } = JSON.parse(await readFile("examples/words/queries.json", "utf8"));
  for (const nprobes of [1, 19, 21, 100, 65_536]) {
    const request = parseSearchRequest({ vector: queries[0].vector, nprobes, refineFactor: 3 });
    const { hits, performance } = await searchIndex(container.indexes, "words", request, 5_000);
    expect(performance).toMatchObject({ nprobes, refineFactor: 3 });
    expect(hits).toHaveLength(10);
  }
});

test("as many hits as were asked for, also when the stored partitions hold fewer", async () => {
  const { queries } = JSON.parse(await readFile("examples/words/queries.json", "utf8"));
  const filter = { op: "like-prefix", column: "chunk_text", prefix: "mis" };
  const wide = parseSearchRequest({ vector: queries[0].vector, k: 1_000, nprobes: 1, refineFactor: 1 });
  expect((await searchIndex(container.indexes, "words", wide, 5_000)).hits).toHaveLength(1_000);
  const narrow = parseSearchRequest({ vector: queries[0].vector, k: 10, nprobes: 1, filter });
  const { hits } = await searchIndex(container.indexes, "words", narrow, 5_000);
  expect(hits).toHaveLength(10);
  for (const hit of hits) expect(hit["chunk_text"]).toMatch(/^mis/);
});
