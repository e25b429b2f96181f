import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { publishedOf } from "../../lib/domain/index/published.ts";
import { listDocuments } from "../../lib/domain/search/list-documents.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;
let container: Container;

const parquet = join(import.meta.dirname, "../support/parquet");

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await mkdir(lakehouse.source, { recursive: true });
});
afterAll(() => lakehouse.remove());

const exported = (index: string, target: string, more: object = {}) =>
  runJob(container, { type: "export", index, target, ...more });

/** As a client sees them, with every column. */
async function documentsOf(index: string) {
  const { columns, idColumn } = publishedOf((await container.registry.get(index)).value);
  const select = columns.map(({ name }) => name).filter((name) => name !== idColumn);
  const request = { limit: 1_000, select, consistency: "strong" } as const;
  const { documents, next } = await listDocuments(container.indexes, index, request, 10_000);
  expect(next).toBeNull();
  return new Map(documents.map((one) => [one.doc_id, JSON.parse(JSON.stringify(one))]));
}

async function manifestOf(target: string) {
  const found = await container.stores("primary").get(`${target}/manifest.json`);
  return JSON.parse(new TextDecoder().decode(found?.body));
}

test("an export has every row of every type, and migrated again it is the same index", async () => {
  await copyFile(join(parquet, "column-types.parquet"), join(lakehouse.source, "types.parquet"));
  const told = { type: "migrate", idColumn: "id", vectorColumn: "vector" };
  expect(
    (await runJob(container, { ...told, index: "types", source: "source/types.parquet" })).error,
  ).toBeNull();
  const job = await exported("types", "primary/exports/types");
  expect(job).toMatchObject({
    state: "succeeded",
    error: null,
    rows: { done: 4, total: 4 },
    units: { done: 1, total: 1 },
  });
  const again = await runJob(container, { ...told, index: "again", source: "primary/exports/types" });
  expect(again.error).toBeNull();
  const [before, after] = await Promise.all(
    ["types", "again"].map(async (index) => (await container.registry.get(index)).value.published),
  );
  expect(after?.columns).toEqual(before?.columns);
  expect(await documentsOf("again")).toEqual(await documentsOf("types"));
});

async function migrated(index: string, rows: number, more: object = {}) {
  await writeParquetFile(join(lakehouse.source, `${index}.parquet`), sampleRows(rows));
  const input = { type: "migrate", index, source: `source/${index}.parquet`, indexType: "IVF_FLAT", ...more };
  expect((await runJob(container, input)).error).toBeNull();
}

test("the manifest names every file with its rows, bytes and checksum, and what the index is", async () => {
  await migrated("told", 300);
  const job = await exported("told", "primary/exports/told");
  const manifest = await manifestOf("exports/told");
  expect(manifest).toMatchObject({
    ...{ format: 1, job: job.id, index: "told", generation: "g1", rows: 300 },
    ...{ idColumn: "doc_id", vectorColumn: "vector", dimension: 8, metric: "cosine" },
    files: [{ name: `part-00000-${job.id}.parquet`, rows: 300 }],
  });
  const body = await readFile(join(lakehouse.root, "data/exports/told", manifest.files[0].name));
  const sha256 = createHash("sha256").update(body).digest("hex");
  expect(manifest.files[0]).toMatchObject({ bytes: body.length, sha256 });
  expect((await container.registry.get("told")).value).toMatchObject({ claim: null, state: "ready" });
  expect(await keysUnder("exports/told/")).toEqual([`part-00000-${job.id}.parquet`, "manifest.json"].sort());
});

const keysUnder = async (prefix: string) =>
  (await container.stores("primary").list(prefix)).map(({ key }) => key.slice(prefix.length)).sort();

test("columns that are named are exported alone; one that is not there is named", async () => {
  await migrated("some", 50);
  expect(
    (await exported("some", "primary/exports/some", { columns: ["vector", "doc_id"] })).error,
  ).toBeNull();
  expect((await manifestOf("exports/some")).columns).toEqual([
    { name: "vector", type: "FixedSizeList[8]<Float32>" },
    { name: "doc_id", type: "Utf8" },
  ]);
  const job = await exported("some", "primary/exports/none", { columns: ["nothing"] });
  expect(job.error).toMatchObject({
    code: "bad-request",
    message: expect.stringContaining('no column "nothing"'),
  });
  expect(await keysUnder("exports/none/")).toEqual([]);
  expect((await container.registry.get("some")).value.claim).toBeNull();
});

test("a target under which there is anything is refused by name, and left as it is", async () => {
  await migrated("full", 20);
  await container.stores("primary").put("exports/full/notes.txt", new Uint8Array([1]));
  const refused = await exported("full", "primary/exports/full");
  expect(refused.error).toMatchObject({ code: "conflict", message: expect.stringContaining("notes.txt") });
  expect(await keysUnder("exports/full/")).toEqual(["notes.txt"]);
  expect((await exported("full", "primary/exports/first")).error).toBeNull();
  const before = await keysUnder("exports/first/");
  for (const target of ["primary/exports/first", "primary/exports/first/inner"])
    expect((await exported("full", target)).error).toMatchObject({ code: "conflict" });
  expect(await keysUnder("exports/first/")).toEqual(before);
});

test("an index without rows has a manifest of no files", async () => {
  await createIndex(container, createRequest.parse({ name: "empty", dimension: 4, columns: [] }), undefined);
  expect((await exported("empty", "primary/exports/empty")).error).toBeNull();
  expect(await manifestOf("exports/empty")).toMatchObject({ rows: 0, bytes: 0, files: [] });
});
