import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import type { Filter } from "../../lib/domain/values/filter.ts";
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

test("of a column of lists the values get an index, which is kept when documents are written", async () => {
  const name = "tagged";
  const columns = [{ name: "tags", type: "List<Utf8>" }];
  const request = { name, bucket: "testing", dimension: 2, columns, filterColumns: ["tags"] };
  await createIndex(container, createRequest.parse(request), undefined);
  const write = (from: number, count: number) => {
    const numbers = Array.from({ length: count }, (_, i) => from + i);
    const documents = numbers.map((i) => ({ doc_id: `d${i}`, vector: [1, i], tags: [`of ${i % 7}`, "all"] }));
    return writeDocuments(container, { index: name, mode: "upsert", documents, keyed: undefined }, 30_000);
  };
  const found = async (filter: Filter) => {
    const search = parseSearchRequest({ vector: [1, 0], k: 100, filter, consistency: "strong" });
    const { hits } = await searchIndex(container.indexes, name, search, 30_000);
    return hits.map(({ doc_id }) => Number(doc_id.slice(1))).sort((a, b) => a - b);
  };
  await write(0, 70);
  expect((await runJob(container, { type: "optimize", index: name })).error).toBeNull();
  const { stats } = await describeIndex(container.registry, container.indexes, container.fallbacks, name);
  expect(stats?.indexes).toContainEqual(expect.objectContaining({ name: "tags_idx", type: "LABEL_LIST" }));
  await write(70, 7);
  const ofThree = Array.from({ length: 11 }, (_, i) => 3 + 7 * i);
  expect(await found({ op: "contains", column: "tags", value: "of 3" })).toEqual(ofThree);
  expect(await found({ op: "all", column: "tags", values: ["all", "of 3"] })).toEqual(ofThree);
  expect((await runJob(container, { type: "optimize", index: name })).error).toBeNull();
  expect(await found({ op: "any", column: "tags", values: ["of 3", "none"] })).toEqual(ofThree);
});
