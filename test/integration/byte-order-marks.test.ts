import { createRequire } from "node:module";
import { join } from "node:path";
import * as imported from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import "../../lib/adapters/arrow/byte-order-marks.ts";
import type { Container } from "../../lib/container.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { type Row, sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { storedRows } from "../support/stored-rows.ts";

/** As editors on Windows put it before a text, and a CSV before its first column. */
const mark = "\ufeff";

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});
afterAll(() => lakehouse.remove());

const required = createRequire(import.meta.url)("apache-arrow") as typeof imported;

test.each([
  ["imported", imported],
  ["required", required],
])("Arrow as it is %s keeps it in strings, dictionaries and names of columns", (_, arrow) => {
  const texts = [`${mark}a`, mark, `b${mark}`, "", null];
  const dictionary = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
  const columns = {
    [`${mark}text`]: arrow.vectorFromArray(texts, new arrow.Utf8()),
    category: arrow.vectorFromArray(texts, dictionary),
  };
  const table = arrow.tableFromIPC(arrow.tableToIPC(new arrow.Table(columns), "stream"));
  expect(table.schema.fields.map(({ name }) => name)).toEqual([`${mark}text`, "category"]);
  for (const name of Object.keys(columns)) expect(Array.from(table.getChild(name) ?? [])).toEqual(texts);
});

const numbered = (prefix: string, from: number): Row[] =>
  sampleRows(30, 8, prefix).map((row, i) => ({
    ...row,
    [`${mark}title`]: `${mark}Title ${from + i}`,
    n: String(from + i),
  }));

test("an id and the same with it are two documents, found and fetched each by its own", async () => {
  const rows = [...numbered("d", 0), ...numbered(`${mark}d`, 30)];
  await writeParquetFile(join(lakehouse.source, "two/a.parquet"), rows);
  expect((await runJob(container, { type: "migrate", index: "two", source: "source/two" })).error).toBeNull();
  const filter = { op: "like-prefix", column: "doc_id", prefix: `${mark}d7` };
  const body = { vector: rows[37]?.vector, k: 3, filter, select: [`${mark}title`] };
  const { hits } = await searchIndex(container.indexes, "two", parseSearchRequest(body), 10_000);
  expect(hits).toMatchObject([{ doc_id: `${mark}d7`, [`${mark}title`]: `${mark}Title 37` }]);
  for (const [docId, n] of [
    ["d7", "7"],
    [`${mark}d7`, "37"],
  ] as const) {
    const asked = { index: "two", docId, select: ["n"], consistency: "eventual" as const };
    expect(await fetchDocument(container.indexes, asked, 10_000)).toEqual({ doc_id: docId, n });
  }
});

test("of ids that differ by it alone the last of each is kept", async () => {
  const rows = [...numbered("d", 0), ...numbered(`${mark}d`, 30)];
  const all = [...rows, ...rows.map((row) => ({ ...row, n: `${row["n"]} again` }))];
  await writeParquetFile(join(lakehouse.source, "last/a.parquet"), all);
  const job = { type: "migrate", index: "last", source: "source/last", onDuplicate: "keep-last" };
  expect((await runJob(container, job)).error).toBeNull();
  const stored = await storedRows(lakehouse, "last");
  expect(new Map([...stored].map(([id, row]) => [id, row["n"]]))).toEqual(
    new Map(rows.map((row) => [row.doc_id, `${row["n"]} again`])),
  );
});

test("a column whose name begins with it is the id or the vector under that name", async () => {
  const renamed = sampleRows(5).map(({ doc_id, vector, ...row }) => ({
    ...row,
    [`${mark}id`]: doc_id,
    vector,
    doc_id: null,
  }));
  const names = [`${mark}id`, "chunk_text", "vector"];
  await writeParquetFile(join(lakehouse.source, "column/a.parquet"), renamed, { names });
  const job = { type: "migrate", index: "column", source: "source/column" };
  const refused = await runJob(container, { ...job, idColumn: "id" });
  expect(refused.error?.message).toMatch(/^column\/a.parquet: has no column "id"; it has: \\ufeffid /);
  expect((await runJob(container, { ...job, idColumn: `${mark}id` })).error).toBeNull();
  const asked = { index: "column", docId: "d3", consistency: "strong" } as const;
  expect(await fetchDocument(container.indexes, asked, 10_000)).toEqual({
    doc_id: "d3",
    [`${mark}id`]: "d3",
    chunk_text: "text 3",
  });
});
