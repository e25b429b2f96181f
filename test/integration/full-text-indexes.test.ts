import { join } from "node:path";
import { connect, Index, MatchQuery, PhraseQuery, type Table } from "@lancedb/lancedb";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { type Row, sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { servedGeneration } from "../support/served-generation.ts";

let lakehouse: Lakehouse;
let container: Container;
const migrate = {
  ...{ type: "migrate", index: "docs", source: "source/docs", bucket: "testing", targetRecall: 0.9 },
  filterColumns: [],
};
const english = { column: "chunk_text", language: "en" };

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), texts());
});

afterAll(() => lakehouse.remove());

function texts(): Row[] {
  const rows = sampleRows(600, 8);
  const told = ["The foxes were running", "Die Häuser am Fluss", "東京大学で勉強した", "", null];
  return rows.map((row, i) => ({
    ...row,
    chunk_text: told[i] ?? (i < 5 ? null : row.chunk_text),
    note: `note ${i}`,
  }));
}

const described = (index: string) =>
  describeIndex(container.registry, container.indexes, container.fallbacks, index);

const textIndexesIn = async (index: string) =>
  ((await described(index)).stats?.indexes ?? []).filter(({ type }) => type === "FTS");

/** With the table that is served, as any LanceDB client opens it. */
async function withTable<T>(index: string, work: (table: Table) => Promise<T>): Promise<T> {
  const { generation, bucket } = await servedGeneration(container, index);
  const connection = await connect(join(container.buckets.get(bucket).root, "lance", index));
  const table = await connection.openTable(generation);
  try {
    return await work(table);
  } finally {
    table.close();
    connection.close();
  }
}

const found = (index: string, query: string | PhraseQuery, column = "chunk_text") =>
  withTable(index, async (table) => {
    const asked = typeof query === "string" ? new MatchQuery(query, column) : query;
    const rows = await table.query().fullTextSearch(asked).select(["doc_id"]).limit(1_000).toArray();
    return rows.map(({ doc_id }) => doc_id as string).sort();
  });

test("a migration builds the text indexes that it names, which a rebuild keeps, and tells how each is cut", async () => {
  expect((await runJob(container, { ...migrate, fullText: [english] })).error).toBeNull();
  const told = { ...english, tokenizer: "simple", stem: true, stopWords: true, positions: true };
  const { published, stats } = await described("docs");
  expect(published).toMatchObject({ fullText: [told], asked: { fullText: [told] } });
  expect(stats).toMatchObject({ health: "ok", unindexedRows: 0 });
  const whole = {
    name: "chunk_text_fts",
    type: "FTS",
    column: "chunk_text",
    bytes: expect.any(Number),
    unindexedRows: 0,
  };
  expect(await textIndexesIn("docs")).toEqual([whole]);
  expect(await found("docs", "fox")).toEqual(["d0"]);
  expect(await found("docs", "hauser")).toEqual(["d1"]);
  expect(await found("docs", "the")).toEqual([]);
  expect(await found("docs", new PhraseQuery("fox running", "chunk_text", { slop: 1 }))).toEqual(["d0"]);

  const filesIn = () =>
    withTable("docs", async (table) =>
      (await table.listIndices()).filter(({ indexType }) => indexType === "FTS").map((one) => one.indexUuid),
    );
  const before = await filesIn();
  expect(
    (await runJob(container, { type: "build-index", index: "docs", indexType: "IVF_FLAT" })).error,
  ).toBeNull();
  expect((await described("docs")).published).toMatchObject({
    fullText: [told],
    asked: { fullText: [told] },
  });
  expect(await filesIn()).toEqual(before); // built once
  expect(await found("docs", "fox")).toEqual(["d0"]);
});

test("a rebuild that names others has these alone", async () => {
  const build = { type: "build-index", index: "docs", indexType: "IVF_FLAT" };
  const named = [
    { column: "chunk_text", language: "ja" },
    { column: "note", positions: false },
  ];
  expect((await runJob(container, { ...build, fullText: named })).error).toBeNull();
  expect((await textIndexesIn("docs")).map(({ name }) => name).sort()).toEqual([
    "chunk_text_fts",
    "note_fts",
  ]);
  expect(await found("docs", "東京")).toEqual(["d2"]);
  expect(await found("docs", "fox")).toEqual([]);
  expect(await found("docs", "note", "note")).toHaveLength(600);
  expect((await runJob(container, { ...build, fullText: [] })).error).toBeNull();
  expect(await textIndexesIn("docs")).toEqual([]);
  expect((await described("docs")).published?.fullText).toBeUndefined();
});

test("a text index that another client has made on the column gives way to the one that is asked for", async () => {
  await withTable("docs", (table) => table.createIndex("chunk_text", { config: Index.fts() }));
  expect(
    (await runJob(container, { type: "build-index", index: "docs", indexType: "IVF_FLAT" })).error,
  ).toBeNull();
  expect((await textIndexesIn("docs")).map(({ name }) => name)).toEqual(["chunk_text_idx"]);
  const build = { type: "build-index", index: "docs", indexType: "IVF_FLAT", fullText: [english] };
  expect((await runJob(container, build)).error).toBeNull();
  expect((await textIndexesIn("docs")).map(({ name }) => name)).toEqual(["chunk_text_fts"]);
});

test("a column may have a scalar index and a text index", async () => {
  const both = { ...migrate, index: "both", filterColumns: ["chunk_text"], fullText: [english] };
  expect((await runJob(container, both)).error).toBeNull();
  const names = ((await described("both")).stats?.indexes ?? []).map(({ name }) => name).sort();
  expect(names).toEqual(["chunk_text_fts", "chunk_text_idx", "doc_id_idx", "vector_idx"]);
  expect(await found("both", "fox")).toEqual(["d0"]);
  await withTable("both", async (table) => {
    const rows = await table.query().where("chunk_text = 'text 17'").select(["doc_id"]).toArray();
    expect(rows.map(({ doc_id }) => doc_id)).toEqual(["d17"]);
  });
});

test("a column that holds no strings is refused by its place, before anything is loaded", async () => {
  const job = await runJob(container, { ...migrate, index: "no", fullText: [english, { column: "vector" }] });
  expect(job.error).toMatchObject({ code: "index-parameters-invalid" });
  expect(job.error?.message).toMatch(
    /fullText\[1\]\.column.*"vector" holds no strings; these do: doc_id, chunk_text, note/,
  );
  expect(await container.generations.list("testing", "no")).toEqual([]);
});

test("an index without documents has its text indexes at once: what is written is found by them, and taken in", async () => {
  const columns = [{ name: "text", type: "Utf8" }];
  const german = { column: "text", language: "German" };
  const request = { name: "notes", bucket: "testing", dimension: 2, columns, fullText: [german] };
  await createIndex(container, createRequest.parse(request), undefined);
  expect((await described("notes")).published?.fullText).toMatchObject([{ language: "de", stem: true }]);
  const write = (from: number, count: number, text: (i: number) => string) => {
    const numbers = Array.from({ length: count }, (_, i) => from + i);
    const documents = numbers.map((i) => ({ doc_id: `d${i}`, vector: [1, i], text: text(i) }));
    return writeDocuments(container, { index: "notes", mode: "upsert", documents, keyed: undefined }, 30_000);
  };
  for (let i = 0; i < 9; i++) await write(i, 1, () => "Die Häuser der Stadt"); // the eighth gathers fragments
  expect(await found("notes", "Haus", "text")).toHaveLength(9);
  expect(await textIndexesIn("notes")).toMatchObject([{ name: "text_fts", unindexedRows: 9 }]);
  expect((await runJob(container, { type: "optimize", index: "notes" })).error).toBeNull();
  expect(await textIndexesIn("notes")).toMatchObject([{ name: "text_fts", unindexedRows: 0 }]);
  await write(8, 2, () => "Viele Bäume");
  expect(await found("notes", "Haus", "text")).toHaveLength(8);
  expect(await found("notes", "Baum", "text")).toEqual(["d8", "d9"]);
  expect((await runJob(container, { type: "optimize", index: "notes" })).error).toBeNull();
  expect(await textIndexesIn("notes")).toMatchObject([{ name: "text_fts", unindexedRows: 0 }]);
  expect(await found("notes", "Baum", "text")).toEqual(["d8", "d9"]);
  expect((await described("notes")).published?.fullText).toMatchObject([{ language: "de" }]);
  expect(container.fallbacks.seen("notes")).toEqual([]);
});

test("a text index that another client has dropped is told by the health, and built again by the next job", async () => {
  await withTable("docs", (table) => table.dropIndex("chunk_text_fts"));
  expect((await described("docs")).stats?.health).toBe("degraded");
  expect((await runJob(container, { type: "optimize", index: "docs" })).error).toBeNull();
  expect((await described("docs")).stats?.health).toBe("ok");
  expect(await found("docs", "fox")).toEqual(["d0"]);
});

test("of a column that another client has taken away there is no text index any more", async () => {
  await withTable("both", (table) => table.dropColumns(["chunk_text"]));
  expect((await described("both")).stats?.health).toBe("columns-changed");
  expect((await runJob(container, { type: "optimize", index: "both" })).error).toBeNull();
  const { published, stats } = await described("both");
  expect(published?.fullText).toBeUndefined();
  expect(stats?.health).toBe("ok");
});
