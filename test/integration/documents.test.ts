import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, Index, type Table } from "@lancedb/lancedb";
import { Field, Float32, Schema, Utf8 } from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";

const writers = 8;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "merges-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Why an index is ours to let one writer at a time write to. */
test.each([
  { told: "nothing of ids", isKey: false, isIndexed: false, times: writers },
  { told: "that ids are unique", isKey: true, isIndexed: false, times: 1 },
  { told: "that ids are unique, which have an index", isKey: true, isIndexed: true, times: writers },
])(
  "a new id in eight merges at the same time is there $times times where LanceDB is told $told",
  async ({ isKey, isIndexed, times }) => {
    const name = `${isKey}-${isIndexed}`;
    const table = await tableOf(name, isKey);
    if (isIndexed) await table.createIndex("id", { config: Index.btree() });
    const handles = await Promise.all(Array.from({ length: writers }, () => openOf(name)));
    await Promise.all(handles.map((handle, i) => merged(handle, i)));
    await table.checkoutLatest();
    expect(await table.countRows("id = 'new'")).toBe(times);
    for (const opened of [table, ...handles]) opened.close();
  },
);

const openOf = async (name: string) => (await connect(folder)).openTable(name);

async function tableOf(name: string, isKey: boolean): Promise<Table> {
  const metadata = new Map(isKey ? [["lance-schema:unenforced-primary-key", "true"]] : []);
  const schema = new Schema([
    new Field("id", new Utf8(), false, metadata),
    new Field("value", new Float32(), true),
  ]);
  const rows = ["a", "b"].map((id, value) => ({ id, value }));
  return (await connect(folder)).createTable(name, rows, { schema });
}

const merged = (table: Table, value: number) =>
  table
    .mergeInsert("id")
    .whenMatchedUpdateAll()
    .whenNotMatchedInsertAll()
    .execute([{ id: "new", value }]);
