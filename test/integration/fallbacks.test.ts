import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, Index, type Query, type Table } from "@lancedb/lancedb";
import { RecordBatchFileWriter, tableFromArrays } from "apache-arrow";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { nearestOfAll } from "../../lib/adapters/lance/exact/exact-scan.ts";
import { manifestName } from "../../lib/adapters/lance/files/manifest-name.ts";
import { vectorBytes } from "../../lib/adapters/lance/files/vector-bytes.ts";
import { inBatches } from "../../lib/adapters/lance/in-batches.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import { copyToDisk } from "../../lib/adapters/lance/replicas/disk-copy.ts";
import { RowMemory } from "../../lib/adapters/lance/rows/row-memory.ts";
import type { LanceTables } from "../../lib/adapters/lance/tables/lance-tables.ts";
import { appendIpc } from "../../lib/adapters/lance/writing/append-ipc.ts";
import { LanceGenerations } from "../../lib/adapters/lance/writing/lance-generations.ts";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";
import type { FastPath } from "../../lib/domain/fallbacks.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import type { Query as Search } from "../../lib/domain/search/reader.ts";

const rows = 3_000;
const published = { idColumn: "doc_id", vectorColumn: "vector", metric: "l2" } as Publication;
const line = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ doc_id: `d${from + i}`, vector: [from + i, 1] }));

let folder: string;
let connection: Connection;
let table: Table;
let counts: FallbackCounts;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fallbacks-"));
  connection = await connect(folder);
  table = await connection.createTable("g1", line(0, rows));
  published.columns = columnsOf(await table.schema());
  counts = new FallbackCounts(() => undefined);
});

afterEach(async () => {
  table.close();
  connection.close();
  await rm(folder, { recursive: true, force: true });
});

const happened = (fastPath: FastPath, reason: string, count = 1) =>
  expect(counts.seen()).toEqual([{ fastPath, reason, count }]);
const inner = () => (table as unknown as { inner: { add(...given: unknown[]): Promise<unknown> } }).inner;

describe("an append", () => {
  const ipc = () => RecordBatchFileWriter.writeAll(tableFromArrays({ doc_id: ["new"] })).toUint8Array(true);
  /** As a version of LanceDB may be whose inner table is another. */
  const versionWith = (other: unknown) => ({ inner: other, add: table.add.bind(table) }) as unknown as Table;

  test("to a LanceDB without its inner call is made by the documented one", async () => {
    await appendIpc(versionWith({}), ipc(), counts);
    await appendIpc(versionWith(undefined), ipc(), counts);
    expect(await table.countRows()).toBe(rows + 2);
    happened("appended-ipc", "not-there", 2);
  });

  test("to one that takes other arguments is made once, by the documented call", async () => {
    await appendIpc(versionWith({ add: (bytes: Buffer) => inner().add("no bytes", bytes) }), ipc(), counts);
    expect(await table.countRows("doc_id = 'new'")).toBe(1);
    happened("appended-ipc", "refused");
  });

  test("that fails is not made again in another way", async () => {
    const wrong = RecordBatchFileWriter.writeAll(tableFromArrays({ other: ["new"] })).toUint8Array(true);
    await expect(appendIpc(table, wrong, counts)).rejects.toThrow();
    expect(counts.seen()).toEqual([]);
  });
});

describe("a scan", () => {
  type Execute = (options: object) => unknown;

  /** As a version of LanceDB may be that iterates in another way. */
  function versionWith(other: (execute: Execute) => unknown): Query {
    const query = table.query().select(["doc_id"]);
    const { execute } = query as unknown as { execute: Execute };
    Object.defineProperty(query, "execute", { value: other(execute.bind(query)) });
    return query;
  }

  async function scanned(query: Query, most: number) {
    const ids: string[] = [];
    for await (const batch of inBatches(query, most, counts)) {
      expect(batch.numRows).toBeLessThanOrEqual(most);
      ids.push(...Array.from(batch.getChild("doc_id") ?? [], String));
    }
    return ids;
  }

  const all = line(0, rows).map(({ doc_id }) => doc_id);

  test("of a LanceDB without the option takes its own batches", async () => {
    expect(
      await scanned(
        versionWith(() => undefined),
        65_536,
      ),
    ).toEqual(all);
    happened("large-batches", "not-there");
  });

  test("of one that takes the option otherwise takes its own batches", async () => {
    const other = (execute: Execute) => () => execute({ maxBatchLength: "many" });
    expect(await scanned(versionWith(other), 65_536)).toEqual(all);
    happened("large-batches", "refused");
  });

  test("of one that does not answer with batches takes its own", async () => {
    expect(
      await scanned(
        versionWith(() => async () => []),
        65_536,
      ),
    ).toEqual(all);
    happened("large-batches", "refused");
  });

  test("of one that hands on more rows than asked cuts them", async () => {
    const other = (execute: Execute) => () => execute({ maxBatchLength: 1_000 });
    expect(await scanned(versionWith(other), 300)).toEqual(all);
    happened("large-batches", "longer-than-asked");
  });

  test("in any of these batches finds the same neighbours", async () => {
    const vectors = [Float32Array.of(17.2, 1), Float32Array.of(2_500, 1)];
    const options = { metric: "l2", wanted: 5, fallbacks: counts } as const;
    const expected = await nearestOfAll(table, "vector", vectors, options);
    for (const other of [() => undefined, (execute: Execute) => () => execute({ maxBatchLength: 7 })]) {
      const version = { query: () => versionWith(other) } as unknown as Table;
      expect(await nearestOfAll(version, "vector", vectors, options)).toEqual(expected);
    }
  });

  test("that fails on the way is not begun again", async () => {
    const [data = ""] = await readdir(join(folder, "g1.lance/data"));
    await rm(join(folder, "g1.lance/data", data));
    await expect(scanned(table.query().select(["doc_id"]), 100)).rejects.toThrow();
    expect(counts.seen()).toEqual([]);
  });
});

describe("the place of vectors", () => {
  const wide = Array.from({ length: 5_000 }, (_, i) => ({ doc_id: `d${i}`, vector: Array(64).fill(i) }));

  async function placed(damage: (manifest: Buffer, data: string) => Promise<Buffer> | Buffer) {
    const large = await connection.createTable("g2", wide);
    const manifest = join(folder, "g2.lance/_versions", manifestName(await large.version()));
    large.close();
    const store = new LocalStore(folder);
    const [file] = await store.list("g2.lance/data/");
    if (!file) throw new Error("there is no data file");
    const told = await damage(await readFile(manifest), join(folder, file.key));
    return vectorBytes(store, await store.list("g2.lance/data/"), told, "vector", counts);
  }

  test("is found in files as they are", async () => {
    expect((await placed((manifest) => manifest)).size).toBe(1);
    expect(counts.seen()).toEqual([]);
  });

  test("that a data file does not tell is not guessed", async () => {
    const damaged = await placed(async (manifest, data) => {
      const bytes = await readFile(data);
      await writeFile(data, bytes.fill(7, bytes.length - 40));
      return manifest;
    });
    expect(damaged.size).toBe(0);
    happened("vectors-last", "data-file-unreadable");
  });
});

describe("a reader", () => {
  const query = {
    vector: Float32Array.of(9, 1),
    k: 3,
    columns: [],
    settings: {},
    timeoutMs: 5_000,
  } as Search;

  test("whose rows have no room in memory reads them from the table", async () => {
    const reader = await LanceReader.over(table, published, new RowMemory(1_000), counts);
    await reader.warm();
    expect((await reader.search(query)).map(({ doc_id }) => doc_id).sort()).toEqual(["d10", "d8", "d9"]);
    happened("rows-in-memory", "no-room");
  });

  test("that cannot read all rows holds none, and says so", async () => {
    const other = await connection.createTable("g3", line(0, 10));
    const reader = await LanceReader.over(other, published, new RowMemory(1_000_000), counts);
    const [data = ""] = await readdir(join(folder, "g3.lance/data"));
    await rm(join(folder, "g3.lance/data", data));
    await reader.warm();
    happened("rows-in-memory", "unreadable");
    reader.close();
  });
});

test("what LanceDB's analysis does not tell of an index is said to be unknown", async () => {
  const other = await connection.createTable("g2", line(0, 10)); // without an index, of which nothing is told
  await table.createIndex("vector", { config: Index.ivfFlat({ numPartitions: 2 }) });
  const ref = { bucket: "primary", index: "docs", generation: "g1" };
  const noOpenings = { write: async () => undefined, remove: async () => undefined };
  const stateBy = (analysed: Table) => {
    const version = {
      listIndices: () => table.listIndices(),
      indexStats: (name: string) => table.indexStats(name),
      query: () => analysed.query(),
    };
    const tables = {
      with: (_: unknown, work: (opened: unknown) => Promise<unknown>) => work(version),
      fallbacksOf: ({ index }: { index: string }) => counts.of(index),
    } as unknown as LanceTables;
    return new LanceGenerations(tables, () => new LocalStore(folder), noOpenings).vectorIndex(
      ref,
      "vector",
      2,
    );
  };
  expect(await stateBy(table)).toMatchObject({ partitions: 2 });
  expect(counts.seen("docs")).toEqual([]);
  expect(await stateBy(other)).toMatchObject({ partitions: null, unindexedRows: 0 });
  expect(counts.seen("docs")).toEqual([{ fastPath: "partition-count", reason: "not-told", count: 1 }]);
  other.close();
});

const memory = "/dev/shm";

describe.runIf(existsSync(memory))("between two disks", () => {
  let shared: string;

  beforeEach(async () => {
    shared = await mkdtemp(join(memory, "fallbacks-"));
  });

  afterEach(() => rm(shared, { recursive: true, force: true }));

  test("an object of a local bucket is copied byte by byte", async () => {
    const store = new LocalStore("/", counts);
    const [data = ""] = await readdir(join(folder, "g1.lance/data"));
    const from = join(folder, "g1.lance/data", data);
    await store.copy(from.slice(1), join(shared, "copy").slice(1));
    expect(await readFile(join(shared, "copy"))).toEqual(await readFile(from));
    happened("hard-links", "refused");
  });

  test("a copy that fails on the way leaves nothing under its name", async () => {
    const store = new LocalStore("/", counts);
    await expect(store.copy(folder.slice(1), join(shared, "copy").slice(1))).rejects.toThrow();
    expect(await readdir(shared)).toEqual([]);
    expect(counts.seen()).toEqual([]);
  });

  test("what another copy has is copied again", async () => {
    const store = new LocalStore(folder);
    const options = { version: await table.version(), fallbacks: counts };
    const before = await copyToDisk(store, "g1.lance/", options);
    if (!before) throw new Error("there was no room");
    const system = process.env["TMPDIR"];
    process.env["TMPDIR"] = shared;
    const copy = await copyToDisk(store, "g1.lance/", { ...options, from: before });
    if (system === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = system;
    const copied = await connect(copy?.folder ?? "");
    expect(await (await copied.openTable("g1")).countRows()).toBe(rows);
    expect(counts.seen()[0]).toMatchObject({ fastPath: "linked-copies", reason: "refused" });
    await before.remove();
  });
});
