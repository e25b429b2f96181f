import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Field, FixedSizeBinary, Float32, Float64, Int32, List } from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { storedRows } from "../support/stored-rows.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await mkdir(join(lakehouse.source, "uuids"), { recursive: true });
  await copyFile(
    join(import.meta.dirname, "../support/parquet/uuids.parquet"),
    join(lakehouse.source, "uuids/a.parquet"),
  );
});
afterAll(() => lakehouse.remove());

const migrate = (index: string, more: object = {}) =>
  runJob(container, { type: "migrate", index, source: `source/${index}`, ...more });

/** Of the URLs "0", "1" and "2", as Python's uuid5 gives them. */
const [zeroth, first, second] = [
  "035c4ea0-d73b-5bde-bd6f-c806b04f2ec3",
  "b80c8fef-a677-5340-85fb-2c162d75df03",
  "334b6b31-12a2-5bfc-bf4f-870c0954b343",
] as const;

test("UUIDs are found as ids beside an integer, and are the strings that everybody writes", async () => {
  const job = await migrate("uuids", { onDuplicate: "keep-last" });
  const why = { name: "id", why: "named like an id" };
  expect(job).toMatchObject({ error: null, chosenColumns: { id: why, vector: { name: "vector" } } });
  const { published } = (await container.registry.get("uuids")).value;
  expect(published).toMatchObject({ idColumn: "id", rows: 60, chosenColumns: job.chosenColumns });
  const asked = { index: "uuids", docId: second, consistency: "strong" } as const;
  const document = await fetchDocument(container.indexes, asked, 10_000);
  const digest = Buffer.from(second.replaceAll("-", ""), "hex").toString("base64");
  expect(document).toEqual({ doc_id: second, id: second, n: 2, parent: first, digest });
  const rows = await storedRows(lakehouse, "uuids", "id");
  expect(rows.size).toBe(60);
  expect([rows.get(second)?.["parent"], rows.get(zeroth)?.["parent"]]).toEqual([first, zeroth]);
  expect([...rows.values()].filter(({ parent }) => parent === null)).toHaveLength(30);
});

test("other bytes of a fixed size are ids in hex, where they are called so", async () => {
  const id = (row: number) => Uint8Array.of(0, 255, 10, row);
  const rows = sampleRows(20).map(({ doc_id, ...row }, i) => ({ ...row, _id: id(i) }));
  await writeParquetFile(join(lakehouse.source, "hex/a.parquet"), rows as never, {
    names: ["_id", "chunk_text", "vector"],
    types: { _id: new FixedSizeBinary(4) },
  });
  expect((await migrate("hex")).error).toBeNull();
  const stored = await storedRows(lakehouse, "hex", "_id");
  expect(stored.get("00ff0a13")).toMatchObject({ chunk_text: "text 19" });
  expect(stored.size).toBe(20);
});

test("an id that cannot be one fails the job, though another column could; told, that one is taken", async () => {
  const rows = sampleRows(30).map(({ doc_id, ...row }, i) => ({
    ...row,
    id: i + 0.5,
    chunk: i % 3,
    name: doc_id,
  }));
  const list = new List(new Field("item", new Float32(), true));
  await writeParquetFile(join(lakehouse.source, "float/a.parquet"), rows as never, {
    names: ["id", "chunk", "name", "vector"],
    types: { id: new Float64(), chunk: new Int32(), vector: list },
  });
  const refused = await migrate("float", { onDuplicate: "keep-last" });
  expect(refused.error).toMatchObject({
    code: "source-invalid",
    message:
      'float/a.parquet: column "id" (Float64) is named like an id and is not a string, integer, UUID or fixed-size binary; tell which column is with idColumn; these could be: chunk (Int32), name (Utf8)',
  });
  const told = await migrate("float", { idColumn: "name" });
  expect(told).toMatchObject({
    error: null,
    chosenColumns: { id: { name: "name", why: "told by the job" } },
  });
});

test("what was chosen stands in the entry of an index that is built again", async () => {
  const job = await runJob(container, { type: "build-index", index: "hex", indexType: "IVF_FLAT" });
  const { published } = (await container.registry.get("hex")).value;
  expect(job).toMatchObject({ error: null, chosenColumns: { id: { name: "_id", why: "named like an id" } } });
  expect(published).toMatchObject({ generation: "g2", chosenColumns: job.chosenColumns });
});
