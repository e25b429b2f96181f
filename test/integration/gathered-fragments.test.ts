import type { Table } from "@lancedb/lancedb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { folderOf } from "../../lib/adapters/lance/files/generation-folder.ts";
import { manifestKey } from "../../lib/adapters/lance/files/manifest-name.ts";
import { unindexedFragments } from "../../lib/adapters/lance/files/unindexed-fragments.ts";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { deleteDocuments } from "../../lib/domain/documents/delete-documents.ts";
import type { Gathered } from "../../lib/domain/documents/document-tables.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { withTable } from "../support/append-rows.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { withField } from "../support/manifest-field.ts";
import { servedGeneration } from "../support/served-generation.ts";
import { storedRows } from "../support/stored-rows.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});

afterAll(() => lakehouse.remove());

/** Of every kind, without the nulls that some documents have in their place. */
const values = {
  text: "`ö'\" 😀",
  count: "9007199254740993",
  ratio: 0.1,
  isNew: false,
  at: "1969-12-31T23:59:59.999999Z",
  price: "-1234567890.12",
  raw: "AP8=",
  tags: ["a", null, ""],
};
const columns = [
  { name: "text", type: "Utf8" },
  { name: "count", type: "Int64" },
  { name: "ratio", type: "Float64" },
  { name: "isNew", type: "Bool" },
  { name: "at", type: "Timestamp<MICROSECOND>" },
  { name: "price", type: "Decimal[12e+2]" },
  { name: "raw", type: "Binary" },
  { name: "tags", type: "List<Utf8>" },
];

async function make(index: string): Promise<void> {
  const request = createRequest.parse({ name: index, dimension: 4, columns, indexType: "IVF_FLAT" });
  await createIndex(container, request, undefined);
}

const documentOf = (i: number, more: object = {}) => ({
  doc_id: `d${i}`,
  vector: [Math.sin(i), Math.cos(i), i, 1],
  ...(i % 3 === 0 ? {} : values),
  ...more,
});

const write = (index: string, documents: unknown[]) =>
  writeDocuments(container, { index, mode: "upsert", documents, keyed: undefined }, 20_000);

const refOf = (index: string) => servedGeneration(container, index);

async function gather(index: string): Promise<Gathered | undefined> {
  return container.documents.with(await refOf(index), (documents) => documents.gather("doc_id"));
}

async function unindexedIn(index: string) {
  const ref = await refOf(index);
  const version = await container.generations.version(ref);
  const found = await container.stores(ref.bucket).get(manifestKey(folderOf(ref), version));
  return unindexedFragments(found?.body ?? new Uint8Array());
}

async function asClient<T>(index: string, work: (table: Table) => Promise<T>): Promise<T> {
  return withTable(lakehouse.environment, await refOf(index), work);
}

test("rows of every type are the same, in one fragment, and each is there once", async () => {
  await make("typed");
  for (let i = 0; i < 6; i++) await write("typed", [documentOf(i), documentOf(i + 1)]);
  await deleteDocuments(container, "typed", { ids: ["d2"], dryRun: false }, undefined, 10_000);
  const before = await storedRows(lakehouse, "typed");
  expect(await gather("typed")).toMatchObject({ fragments: 1 });
  expect(await unindexedIn("typed")).toEqual([{ id: 6, rows: 6, bytes: expect.any(Number) }]);
  expect(await storedRows(lakehouse, "typed")).toEqual(before);
  expect(await asClient("typed", (table) => table.countRows())).toBe(6);
});

test("rows that an index holds stay in it, and are found by it, and by their ids", async () => {
  await make("indexed");
  await write(
    "indexed",
    Array.from({ length: 400 }, (_, i) => documentOf(i)),
  );
  expect((await runJob(container, { type: "optimize", index: "indexed" })).error).toBeNull();
  expect(await unindexedIn("indexed")).toEqual([]);
  for (let i = 0; i < 5; i++) await write("indexed", [documentOf(i), documentOf(400 + i)]);
  expect(await gather("indexed")).toMatchObject({ fragments: 1 });
  expect((await unindexedIn("indexed"))?.map(({ rows }) => rows)).toEqual([10]);
  await asClient("indexed", async (table) => {
    const stats = await Promise.all((await table.listIndices()).map(({ name }) => table.indexStats(name)));
    expect(stats.map((one) => one?.numUnindexedRows)).toEqual(stats.map(() => 10));
    for (const i of [0, 4, 5, 399, 404]) {
      expect(await table.countRows(`doc_id = 'd${i}'`)).toBe(1);
      const [nearest] = await table.query().nearestTo(documentOf(i).vector).limit(1).toArray();
      expect(nearest?.doc_id).toBe(`d${i}`);
    }
  });
  await write("indexed", [documentOf(2, { text: "again" }), documentOf(403, { text: "again" })]);
  expect(await asClient("indexed", (table) => table.countRows("text = 'again'"))).toBe(2);
  expect(await asClient("indexed", (table) => table.countRows())).toBe(405);
});

test("what another client does to the same rows at the same time stands", async () => {
  await make("raced");
  for (let round = 0; round < 6; round++) {
    const ids = Array.from({ length: 5 }, (_, i) => 10 * round + i);
    for (const i of ids) await write("raced", [documentOf(i)]);
    await asClient("raced", async (table) => {
      const where = `doc_id = 'd${ids[0]}'`;
      const changed = table.update({ where, values: { text: `changed ${round}` } });
      await Promise.all([gather("raced"), changed, table.delete(`doc_id = 'd${ids[1]}'`)]);
      await table.checkoutLatest();
      expect(await table.countRows(`text = 'changed ${round}'`)).toBe(1);
      expect(await table.countRows(`doc_id = 'd${ids[1]}'`)).toBe(0);
      expect(await table.countRows()).toBe(4 * (round + 1));
    });
  }
});

test("nothing is done to a table that has what is not known here, which is counted", async () => {
  await make("unknown");
  for (let i = 0; i < 5; i++) await write("unknown", [documentOf(i)]);
  const ref = await refOf("unknown");
  const version = await container.generations.version(ref);
  const [store, key] = [container.stores(ref.bucket), manifestKey(folderOf(ref), version)];
  const found = await store.get(key);
  await store.put(key, withField(found?.body ?? new Uint8Array(), 99));
  expect(await gather("unknown")).toBeUndefined();
  expect(await container.generations.version(ref)).toBe(version);
  await container.documents.with(ref, async (documents) => {
    await store.put(key, new Uint8Array(64));
    expect(await documents.gather("doc_id")).toBeUndefined();
  });
  const [fastPath, count] = ["gathered-fragments", 1];
  expect(container.fallbacks.seen("unknown")).toEqual([
    { fastPath, reason: "table-not-known", count },
    { fastPath, reason: "failed", count },
  ]);
});
