import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, Index } from "@lancedb/lancedb";
import { makeVector, Table } from "apache-arrow";
import { afterEach, beforeEach, expect, test } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { manifestKey } from "../../lib/adapters/lance/files/manifest-name.ts";
import { vectorBytes } from "../../lib/adapters/lance/files/vector-bytes.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import { StoreTable } from "../../lib/adapters/lance/reading/store-table.ts";
import { LanceProbes } from "../../lib/adapters/lance/recall/lance-probes.ts";
import { localCopies } from "../../lib/adapters/lance/replicas/local-copies.ts";
import { ReplicatedReader } from "../../lib/adapters/lance/replicas/replicated-reader.ts";
import { RowMemory } from "../../lib/adapters/lance/rows/row-memory.ts";
import { LanceConnections } from "../../lib/adapters/lance/tables/connections.ts";
import { LanceTables } from "../../lib/adapters/lance/tables/lance-tables.ts";
import { RangeBlob } from "../../lib/adapters/parquet/wasm/range-blob.ts";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { Buckets } from "../../lib/domain/bucket.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";
import type { FastPath } from "../../lib/domain/fallbacks.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import { neverLater } from "../support/never-later.ts";

const ref = { bucket: "primary", index: "docs", generation: "g1" };
const published = {
  idColumn: "doc_id",
  vectorColumn: "vector",
  metric: "l2",
  indexType: "EXACT",
} as Publication;
const line = Array.from({ length: 300 }, (_, i) => ({ doc_id: `d${i}`, vector: [i, 1] }));

let folder: string;
let connection: Connection;
let counts: FallbackCounts;
let store: LocalStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fallbacks-"));
  connection = await connect(join(folder, "lance/docs"));
  counts = new FallbackCounts(() => undefined);
  store = new LocalStore(folder);
});

afterEach(async () => {
  connection.close();
  await rm(folder, { recursive: true, force: true });
});

const happened = (fastPath: FastPath, reason: string) =>
  expect(counts.seen()).toEqual([{ fastPath, reason, count: 1 }]);
const bucketsOf = (root: string) =>
  new Buckets([{ name: "primary", backend: "local", root, readOnly: false }]);

test("rows that a compaction left in another order than their stable ids are read from the table", async () => {
  const most = 1_048_576; // of a fragment: one so large is left as it is
  const numbers = (first: number, length: number) => {
    const n = makeVector(Int32Array.from({ length }, (_, i) => first + i));
    return new Table({ n });
  };
  const storageOptions = { new_table_enable_stable_row_ids: "true" };
  const table = await connection.createTable("g1", numbers(0, most), { storageOptions });
  for (const part of [numbers(most, 10), numbers(most + 10, 10), numbers(most + 20, most)])
    await table.add(part);
  await table.optimize();
  const reader = await LanceReader.over(
    table,
    { ...published, idColumn: "n", columns: columnsOf(await table.schema()) },
    new RowMemory(1_073_741_824),
    counts,
  );
  await reader.warm();
  happened("rows-in-memory", "not-in-order");
  const id = String(most + 11);
  expect((await reader.fetch([id], ["n"], 5_000)).get(id)).toMatchObject({ n: most + 11 });
  reader.close();
});

test("a data file whose columns take long to describe tells where its vectors lie by a second read", async () => {
  const vector = Array.from({ length: 1_024 }, (_, i) => i);
  const row = Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`column_${i}`, i]));
  const table = await connection.createTable(
    "g1",
    Array.from({ length: 300 }, () => ({ ...row, vector })),
  );
  const manifest = await store.get(manifestKey("lance/docs/g1.lance/", await table.version()));
  const files = await store.list("lance/docs/g1.lance/data/");
  const found = await vectorBytes(store, files, manifest?.body as Uint8Array, "vector", counts);
  const bytes = [...found.values()].flat().reduce((sum, { start, end }) => sum + end - start, 0);
  expect(bytes).toBeGreaterThanOrEqual(300 * 1_024 * 4);
  happened("tail-in-one-read", "longer");
  table.close();
});

test("a large range whose copying the decoder's memory does not show is handed on whole", async () => {
  const bytes = new Uint8Array(64 * 1_048_576).fill(7);
  const memory = new WebAssembly.Memory({ initial: 1 }); // has room already: it does not grow
  const notReleased = () => counts.happened("released-buffers", "copy-not-seen");
  const blob = new RangeBlob(
    bytes.length,
    async () => bytes,
    () => memory,
    notReleased,
  );
  const buffer = await blob.arrayBuffer();
  await new Promise(setImmediate);
  expect(Buffer.from(buffer).equals(bytes)).toBe(true);
  happened("released-buffers", "copy-not-seen");
});

test("an answer is given although what is read behind it cannot be", async () => {
  const table = await connection.createTable("g1", line);
  await table.createIndex("doc_id", { config: Index.btree() });
  const of = { ...published, columns: columnsOf(await table.schema()) };
  const connections = new LanceConnections(bucketsOf(folder), 512, counts);
  const copies = localCopies(connections, () => store, 0);
  const opened = {
    reader: await LanceReader.over(table, of, undefined, counts),
    release: () => undefined,
  };
  const reader = new ReplicatedReader(StoreTable.opened(opened, neverLater), copies, {
    ref,
    published: of,
    opening: undefined,
  });
  await rm(join(folder, "lance/docs/g1.lance/_indices"), { recursive: true });
  const query = { vector: Float32Array.of(9, 1), k: 1, columns: [], settings: {}, timeoutMs: 5_000 };
  expect(await reader.search(query)).toMatchObject([{ doc_id: "d9" }]);
  await copies.idle();
  happened("warm-behind", "failed");
  await copies.close();
  reader.close();
  await connections.close();
});

class Remote extends LanceConnections {
  override isRemote = () => true;
}

/** Of a first search, which a copy of the index answers where it can. */
async function hitsOfCopied(k: number): Promise<number> {
  const table = await connection.createTable("g1", line);
  await table.createIndex("vector", { config: Index.ivfFlat({ numPartitions: 3 }) });
  const connections = new Remote(bucketsOf(folder), 512, counts);
  const copies = localCopies(connections, () => store, 1_073_741_824);
  const columns = columnsOf(await table.schema());
  const of = { ...published, columns, indexType: "IVF_FLAT", rows: line.length } as Publication;
  const opened = { reader: await LanceReader.over(table, of), release: () => undefined };
  const reader = new ReplicatedReader(StoreTable.opened(opened, neverLater), copies, {
    ref,
    published: of,
    opening: undefined,
  });
  const query = { vector: Float32Array.of(9, 1), k, columns: [], settings: { nprobes: 1 }, timeoutMs: 5_000 };
  const hits = await reader.search(query);
  await copies.close();
  reader.close();
  await connections.close();
  return hits.length;
}

test("a search for more hits than its partitions hold is made on the table", async () => {
  expect(await hitsOfCopied(line.length)).toBe(line.length);
  happened("index-copy", "too-few-hits");
});

test("one for more hits than there are rows is, too, and nothing is wrong with its index", async () => {
  expect(await hitsOfCopied(line.length + 1)).toBe(line.length);
  expect(counts.seen()).toEqual([]);
});

test("one for fewer is answered by the index", async () => {
  expect(await hitsOfCopied(5)).toBe(5);
  expect(counts.seen()).toEqual([]);
});

const full = "/proc"; // a disk of which nothing is free

test.runIf(existsSync(full))(
  "a generation that has no room on the disk is measured where it is",
  async () => {
    class Remote extends LanceConnections {
      override isRemote = () => true;
    }
    (await connection.createTable("g1", line)).close();
    const connections = new Remote(bucketsOf(folder), 512, counts);
    const tables = new LanceTables(connections);
    await tables.version(ref); // its connection stays open
    const probe = await onDisk(full, () =>
      new LanceProbes(connections, tables, () => store).probe(ref, "vector", "l2"),
    );
    expect(await probe.exact([Float32Array.of(9, 1)], [1])).toMatchObject([[{ ids: [expect.any(String)] }]]);
    happened("probe-copy", "no-room");
    await probe.close();
    await connections.close();
  },
);

async function onDisk<T>(disk: string, work: () => Promise<T>): Promise<T> {
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = disk;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}
