import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { Principal } from "../../lib/domain/access/principal.ts";
import { recallOf, summarise } from "../../lib/domain/recall/choose-search-defaults.ts";
import { measureRecall } from "../../lib/domain/recall/measure-recall.ts";
import { parseRecallRequest } from "../../lib/domain/recall/recall-request.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { type Row, sampleRows, writeParquetFile } from "../support/parquet-files.ts";

/** Recall that is measured on request is what single searches give against searches that compare every row. */
let lakehouse: Lakehouse;
let container: Container;
const rows: Row[] = sampleRows(1_200, 8).map((row, i) => ({ ...row, tenant: i % 12 === 0 ? "a" : "b" }));

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await writeParquetFile(`${lakehouse.source}/rows.parquet`, rows);
  const made = { type: "migrate", source: "source/rows.parquet", targetRecall: 0.5 };
  const coarse = { numPartitions: 12, numBits: 4, numSubVectors: 4 };
  await run({ ...made, index: "coded", indexType: "IVF_PQ", indexParameters: coarse });
  await run({ ...made, index: "graph", indexType: "HNSW_SQ" });
});

afterAll(() => lakehouse.remove());

async function run(job: unknown): Promise<void> {
  expect((await runJob(container, job)).error).toBeNull();
}

/** What a tenant sees of it. */
const ofTenant = () =>
  container.scopedTo(
    new Principal("key", [{ actions: ["search"], indexes: ["*"], buckets: [] }], {
      op: "eq",
      column: "tenant",
      value: "a",
    }),
  );

const measure = (index: string, request: object, own = container, timeoutMs = 20_000) =>
  measureRecall(own.indexes, index, parseRecallRequest(request), timeoutMs);

async function idsOf(index: string, request: object, own = container): Promise<string[]> {
  const asked = parseSearchRequest({ select: [], ...request });
  return (await searchIndex(own.indexes, index, asked, 20_000)).hits.map(({ doc_id }) => doc_id);
}

/** Of single searches. */
async function single(index: string, searches: object[], settings: object, own = container) {
  const shares: number[] = [];
  for (const one of searches) {
    const exact = await idsOf(index, { ...one, exact: true }, own);
    shares.push(recallOf(exact, await idsOf(index, { ...one, ...settings }, own)));
  }
  return summarise({}, shares);
}

test.each([{}, { nprobes: 2 }, { nprobes: 12, refineFactor: 20 }])(
  "of vectors that are given it is that of single searches with the same settings, %j",
  async (settings) => {
    const vectors = sampleRows(30, 8, "q").map(({ vector }) => vector?.map((one) => one / 2 + 0.1));
    const filter = { op: "starts_with", column: "doc_id", prefix: "d1" };
    for (const more of [{}, { filter }]) {
      const told = await measure("coded", { k: 7, vectors, ...settings, ...more });
      const { recall, error } = await single(
        "coded",
        vectors.map((vector) => ({ vector, k: 7, ...more })),
        settings,
      );
      expect(told).toMatchObject({ k: 7, queries: 30, asked: 30, drawn: "given" });
      expect(told.recall).toBeCloseTo(recall, 4);
      expect(told.standardError).toBeCloseTo(error, 4);
      expect(told.performance).toMatchObject({ generation: "g1", ...settings });
    }
  },
);

test("a key with a filter is told of its own rows alone, each left out of its own answer", async () => {
  const own = rows.filter(({ tenant }) => tenant === "a").map(({ doc_id }) => doc_id as string);
  const told = await measure("coded", { k: 5, queries: 200, nprobes: 2 }, ofTenant());
  expect(told).toMatchObject({ queries: own.length, asked: 200, drawn: "rows", promised: null });
  const searches = own.map((docId) => ({ docId, k: 5 }));
  const { recall } = await single("coded", searches, { nprobes: 2 }, ofTenant());
  expect(told.recall).toBeCloseTo(recall, 4);
  expect(told.recall).toBeGreaterThan(0.2);
});

test("every partition with exact distances misses nothing, and says what was promised", async () => {
  const told = await measure("coded", { k: 100, nprobes: 12, refineFactor: 12, consistency: "strong" });
  expect(told).toMatchObject({ recall: 1, standardError: 0, queries: 50, drawn: "rows" });
  expect(told.promised).toMatchObject({ target: 0.5, k: 100, status: "verified" });
  expect((await measure("coded", { k: 4, queries: 1 })).promised).toMatchObject({ k: 10 });
});

test("a graph is asked for vectors beside its rows, with any filter", async () => {
  const told = await measure("graph", { queries: 40, ef: 400 });
  expect(told).toMatchObject({ drawn: "beside-rows", queries: 40, performance: { ef: 400 } });
  expect(told.recall).toBeGreaterThan(0.9);
  const ofOne = await measure("graph", { queries: 40, ef: 400 }, ofTenant());
  expect(ofOne.recall).toBeGreaterThan(0.9);
});

test("rows at one place are each as right an answer as the others", async () => {
  const twice = sampleRows(3, 4).flatMap((row, i) =>
    Array.from({ length: 200 }, (_, j) => ({ ...row, doc_id: `${i}-${j}` })),
  );
  await writeParquetFile(`${lakehouse.source}/twice.parquet`, twice);
  await run({ type: "migrate", index: "twice", source: "source/twice.parquet", indexType: "IVF_FLAT" });
  expect(await measure("twice", { k: 10, queries: 60 })).toMatchObject({ recall: 1, queries: 60 });
});

test("a filter that leaves nothing misses nothing, and an index without rows has nothing to ask for", async () => {
  const filter = { op: "eq", column: "doc_id", value: "nobody" };
  expect(await measure("coded", { queries: 5, filter })).toMatchObject({ recall: 1, queries: 5 });
  const nobody = container.scopedTo(
    new Principal("key", [{ actions: ["search"], indexes: ["*"], buckets: [] }], filter as never),
  );
  const told = await measure("coded", { queries: 5 }, nobody);
  expect(told).toMatchObject({ recall: null, standardError: null, queries: 0, asked: 5 });
});

test("without time for one query it says that none was measured", async () => {
  await measure("coded", { queries: 1 });
  const vectors = [rows[0]?.vector];
  const told = await measure("coded", { vectors }, container, 1);
  expect(told).toMatchObject({ recall: null, standardError: null, queries: 0, asked: 1 });
  await expect(measure("coded", { queries: 1 }, container, 1)).rejects.toThrow("no time was left");
});

test("what does not fit the index is refused, all of it at once", async () => {
  const wrong = { vectors: [[1, 2], new Array(8).fill(0)], ef: 20, filter: { op: "is_null", column: "no" } };
  const refused = await measure("coded", wrong).catch((error) => error);
  expect(refused.issues.map(({ path }: { path: string }) => path)).toEqual([
    "vectors[0]",
    "vectors[1]",
    "filter.column",
    "ef",
  ]);
  expect(() => parseRecallRequest({ queries: 5, vectors: [[1]] })).toThrow(/queries/);
  expect(() => parseRecallRequest({ k: 101 })).toThrow(/k/);
});
