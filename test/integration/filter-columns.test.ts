import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { parseSearchRequest, searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;
let container: Container;
const rows = sampleRows(600, 16);
const migrate = {
  type: "migrate",
  index: "docs",
  source: "source/docs",
  indexType: "auto",
  targetRecall: 0.9,
};

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), rows);
});

afterEach(() => lakehouse.remove());

const described = () => describeIndex(container.registry, container.indexes, container.fallbacks, "docs");

async function indexedColumns(): Promise<string[]> {
  return ((await described()).stats?.indexes ?? []).map(({ name }) => name).sort();
}

test("columns named for filters get scalar indexes, and keep them when the index is built again", async () => {
  const indexed = ["chunk_text_idx", "doc_id_idx", "vector_idx"];
  expect((await runJob(container, { ...migrate, filterColumns: ["chunk_text"] })).error).toBeNull();
  expect(await indexedColumns()).toEqual(indexed);
  const build = { type: "build-index", index: "docs", indexType: "IVF_FLAT" };
  expect((await runJob(container, build)).error).toBeNull();
  expect(await indexedColumns()).toEqual(indexed);
  expect((await described()).published?.asked?.filterColumns).toEqual(["chunk_text"]);
});

test("where none are named those get scalar indexes that filters are mostly about, where [] is named none", async () => {
  expect((await runJob(container, migrate)).error).toBeNull();
  expect(await indexedColumns()).toEqual(["chunk_text_idx", "doc_id_idx", "vector_idx"]);
  expect((await described()).published?.asked?.filterColumns).toEqual(["chunk_text"]);
  expect((await runJob(container, { ...migrate, filterColumns: [] })).error).toBeNull();
  expect(await indexedColumns()).toEqual(["doc_id_idx", "vector_idx"]);
});

test("a long text that a dictionary makes look short gets no index unasked, and the index says why", async () => {
  const texts = ["a ", "b "].map((word) => word.repeat(5_000));
  const wide = rows.map((row, i) => ({ ...row, parent_text: texts[i % texts.length] }));
  await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), wide);
  expect((await runJob(container, migrate)).error).toBeNull();
  expect(await indexedColumns()).toEqual(["chunk_text_idx", "doc_id_idx", "vector_idx"]);
  const { published } = await described();
  expect(published?.reasons.at(-1)).toMatch(
    /^no scalar index on "parent_text": .*10000 bytes on the average/,
  );
  expect(published?.asked).toMatchObject({
    filterColumns: ["chunk_text"],
    unaskedFilterColumns: ["chunk_text"],
  });
  expect((await runJob(container, { ...migrate, filterColumns: ["parent_text"] })).error).toBeNull();
  expect(await indexedColumns()).toEqual(["doc_id_idx", "parent_text_idx", "vector_idx"]);
});

test("auto says which type it took and why", async () => {
  expect((await runJob(container, migrate)).error).toBeNull();
  const { published } = await described();
  expect(published).toMatchObject({ indexType: "IVF_RQ", asked: { indexType: "auto" } });
  expect(published?.reasons[0]).toMatch(/^IVF_RQ: /);
});

test("a column that no filter takes is refused by its place, with those that fit, before anything is loaded", async () => {
  const job = await runJob(container, { ...migrate, filterColumns: ["chunk_text", "vector", "nope"] });
  expect(job.error?.message).toMatch(/filterColumns\[1\].*"vector".*filterColumns\[2\].*"nope".*chunk_text/);
  expect(await container.generations.list("primary", "docs")).toEqual([]);
});

test("a filtered search is as wide as was measured with a filter, unless its request says how wide", async () => {
  expect((await runJob(container, migrate)).error).toBeNull();
  const { searchDefaults, filteredDefaults } = (await described()).published ?? {};
  const filter = { op: "gt", column: "doc_id", value: "" };
  const settingsOf = async (more: object) => {
    const request = parseSearchRequest({ vector: rows[7]?.vector, filter, ...more });
    return (await searchIndex(container.indexes, "docs", request, 10_000)).performance;
  };
  expect(filteredDefaults?.nprobes).toBeGreaterThanOrEqual(searchDefaults?.nprobes ?? 1);
  expect(await settingsOf({})).toMatchObject(filteredDefaults ?? {});
  expect(await settingsOf({ nprobes: 1, refineFactor: 1 })).toMatchObject({ nprobes: 1, refineFactor: 1 });
});
