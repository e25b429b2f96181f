import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, Index, type Table } from "@lancedb/lancedb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import type { NearestRows } from "../../lib/adapters/lance/rows/hits.ts";
import { RowMemory } from "../../lib/adapters/lance/rows/row-memory.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import type { Query, Reader } from "../../lib/domain/search/reader.ts";
import { filterTable, rowCount } from "../support/filter-rows.ts";

const published = { idColumn: "doc_id", vectorColumn: "vector", metric: "l2" } as Publication;
const publishedOf = async (read: Table) => ({ ...published, columns: columnsOf(await read.schema()) });
const rows = 600;

let folder: string;
let connection: Connection;
let memory: RowMemory;
let table: Table;
let reader: LanceReader;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "resident-"));
  connection = await connect(folder);
  memory = new RowMemory(1_048_576);
});

afterEach(async () => {
  reader.close();
  connection.close();
  await rm(folder, { recursive: true, force: true });
});

/** Rows along a line, in two fragments, with an index, and read by a reader that holds them. */
async function lineTable(): Promise<Table> {
  const written = await connection.createTable("line", line(0, rows / 2));
  await written.add(line(rows / 2, rows));
  await written.createIndex("vector", { config: Index.ivfFlat({ numPartitions: 2 }) });
  await open("line");
  return written;
}

const line = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({
    doc_id: `d${from + i}`,
    text: `text ${from + i}`,
    vector: [from + i, 1],
  }));

async function open(name: string): Promise<void> {
  table = await connection.openTable(name);
  reader = await LanceReader.over(table, await publishedOf(table), memory);
  await reader.warm();
}

function query(at: number, more: Partial<Query> = {}): Query {
  const settings = { nprobes: 2 };
  return { vector: Float32Array.of(at, 1), k: 3, columns: ["text"], settings, timeoutMs: 5_000, ...more };
}

const textsAt = async (at: number, from: Reader = reader) =>
  (await from.search(query(at))).map((hit) => hit["text"]).sort();

const held = () => memory.at(table, reader.version);

test("hits from memory are those of the table, with every kind of column", async () => {
  await connection.createTable("kinds", filterTable());
  await open("kinds");
  expect(held()).toBeDefined();
  const columns = reader.columns.map(({ name }) => name).filter((name) => name !== "vector");
  const all = query(1, { k: rowCount, columns, settings: {} });
  const hits = await reader.search(all);
  expect(hits).toHaveLength(rowCount);
  expect(hits).toEqual(await (await LanceReader.over(table, await publishedOf(table))).search(all));
});

test("nested values, too", async () => {
  const nested = Array.from({ length: 5 }, (_, i) => ({
    doc_id: `d${i}`,
    vector: [i, 1],
    tags: Array.from({ length: i + 1 }, (_, j) => `t${j}`),
    place: { name: `p${i}`, at: { x: i } },
    bytes: Buffer.from([i]),
  }));
  await connection.createTable("nested", nested);
  await open("nested");
  const [hit] = await reader.search(query(3, { k: 1, columns: ["tags", "place", "bytes"], settings: {} }));
  expect(held()).toBeDefined();
  expect(hit).toEqual({
    doc_id: "d3",
    tags: ["t0", "t1", "t2", "t3"],
    place: { name: "p3", at: { x: 3 } },
    bytes: "Aw==",
    distance: 0,
    score: 1,
  });
});

test("rows in memory are not read again", async () => {
  await lineTable();
  await rm(join(folder, "line.lance", "data"), { recursive: true });
  expect(await textsAt(10)).toEqual(["text 10", "text 11", "text 9"]);
  await expect(reader.search(query(10, { columns: ["vector"] }))).rejects.toThrow();
});

test("what writers change is seen after a refresh, and not before", async () => {
  const writer = await lineTable();
  await writer.update({ where: "doc_id = 'd10'", values: { text: "changed" } });
  await writer.delete("doc_id = 'd11'");
  await writer.add([{ doc_id: "new", text: "new", vector: [9.9, 1] }]);
  expect(await textsAt(10)).toEqual(["text 10", "text 11", "text 9"]);
  await reader.refresh();
  expect(held()).toBeUndefined();
  expect(await textsAt(10)).toEqual(["changed", "new", "text 9"]);
  await reader.warm();
  expect(held()).toBeDefined();
  expect(await textsAt(10)).toEqual(["changed", "new", "text 9"]);
});

test("rows that moved to other fragments are found there", async () => {
  const writer = await lineTable();
  await writer.delete("doc_id = 'd11'");
  await writer.optimize();
  await reader.refresh();
  await reader.warm();
  expect(held()).toBeDefined();
  expect(await textsAt(10)).toEqual(["text 10", "text 8", "text 9"].sort());
});

test("a column that came later is answered with what it holds", async () => {
  const writer = await lineTable();
  await writer.addColumns([{ name: "twice", valueSql: "concat(text, text)" }]);
  await reader.refresh();
  const [hit] = await reader.search(query(10, { columns: ["twice"] }));
  expect(hit?.["twice"]).toBe("text 10text 10");
});

test("no search takes the rows of one version for those of another that the table has moved to meanwhile", async () => {
  const writer = await lineTable();
  await writer.dropColumns(["text"]);
  await writer.addColumns([{ name: "text", valueSql: "concat('new ', doc_id)" }]); // the same rows at the same places
  let goOn = () => {};
  const moved = new Promise<void>((resolve) => {
    vi.spyOn(table, "version").mockImplementationOnce(async () => {
      resolve();
      await new Promise<void>((later) => {
        goOn = later;
      });
      return table.version();
    });
  });
  const refreshed = reader.refresh();
  await moved;
  expect(held()).toBeDefined();
  expect(await textsAt(10)).toEqual(["new d10", "new d11", "new d9"]);
  goOn();
  await refreshed;
  expect(held()).toBeUndefined();
});

test("what has no room is read from the table", async () => {
  memory = new RowMemory(10_000);
  await lineTable();
  expect(held()).toBeUndefined();
  expect(await textsAt(10)).toEqual(["text 10", "text 11", "text 9"]);
});

test("the least recently used give way, and are read from their table then", async () => {
  await lineTable();
  const [first, firstTable] = [reader, table];
  memory = new RowMemory((held()?.bytes ?? 0) + 1_000);
  first.close();
  await open("line");
  const [kept, keptTable] = [reader, table];
  await open("line");
  expect(firstTable).not.toBe(keptTable);
  expect(memory.at(keptTable, kept.version)).toBeUndefined();
  expect(held()).toBeDefined();
  expect(await textsAt(10, kept)).toEqual(await textsAt(10));
  kept.close();
});

test("a reader that is closed holds nothing", async () => {
  await lineTable();
  const other = await LanceReader.over(await connection.openTable("line"), await publishedOf(table), memory);
  expect(held()).toBeDefined();
  reader.close();
  await expect.poll(() => memory.at(table, reader.version)).toBeUndefined();
  reader = other;
});

test("rows that LanceDB would take in the place of those that were asked for are an error, no hits", async () => {
  await lineTable();
  const other = await connection.openTable("line");
  const unwarmed = await LanceReader.over(other, await publishedOf(other));
  const near = await unwarmed.phases.nearest(query(7));
  expect(await unwarmed.phases.hitsOf(near as NearestRows, query(7))).toHaveLength(3);
  const take = other.takeRowIds.bind(other);
  vi.spyOn(other, "takeRowIds").mockImplementation((ids) => take(ids.map((id) => Number(id) + 100)));
  await expect(unwarmed.phases.hitsOf(near as NearestRows, query(7))).rejects.toMatchObject({
    kind: "Internal",
  });
  unwarmed.close();
});
