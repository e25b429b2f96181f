import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, Index, type Table } from "@lancedb/lancedb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { decodeOpening, encodeOpening, type Opening } from "../../lib/adapters/lance/opening/opening.ts";
import { openingOf, StoredOpenings } from "../../lib/adapters/lance/opening/stored-openings.ts";
import { WrittenOpenings } from "../../lib/adapters/lance/opening/written-openings.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import { TableQueries } from "../../lib/adapters/lance/reading/table-queries.ts";
import { PartialCopy } from "../../lib/adapters/lance/replicas/partial-copy.ts";
import { Replica } from "../../lib/adapters/lance/replicas/replica.ts";
import { RowMemory } from "../../lib/adapters/lance/rows/row-memory.ts";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { DomainError } from "../../lib/domain/errors.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import {
  type CopiedTable,
  copiedOpening,
  copiedPublication,
  copiedReader,
  copiedRef,
} from "../support/copied-reader.ts";
import { seededRandom } from "../support/seeded-random.ts";

const dimension = 16;
const rows = 8_000;
const partitions = 20;
const random = seededRandom(3);
const vectorOf = () => Array.from({ length: dimension }, () => random() - 0.5);

let root: string;
let connection: Connection;
let table: Table;
let copied: Awaited<ReturnType<typeof copiedReader>> | undefined;

const rowsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    doc_id: `doc-${first + i}`,
    words: [`word ${(first + i) % 7}`, "of many"],
    vector: vectorOf(),
  }));

const published = copiedPublication(dimension, rows) as unknown as Publication;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "copies-"));
  process.env["TMPDIR"] = root;
  connection = await connect(join(root, "lance/docs"));
  table = await connection.createTable("g1", rowsFrom(0, rows));
  await table.createIndex("vector", { config: Index.ivfFlat({ numPartitions: partitions }) });
  published.columns = columnsOf(await table.schema());
});

const systemTmpdir = tmpdir();
afterEach(async () => {
  await copied?.close();
  copied = undefined;
  table.close();
  connection.close();
  process.env["TMPDIR"] = systemTmpdir;
  await rm(root, { recursive: true, force: true });
});

async function gathered(): Promise<Opening> {
  return copiedOpening(root, published, await table.version());
}

async function open(more: Partial<CopiedTable> = {}) {
  copied = await copiedReader({ root, published, opening: await gathered(), ...more });
  return copied;
}

const queryOf = (vector: number[], more: object = {}) => ({
  vector: Float32Array.from(vector),
  k: 5,
  columns: [] as string[],
  settings: { nprobes: 2 },
  timeoutMs: 10_000,
  ...more,
});

/** What the reader finds is what the table holds. */
async function searched(vector = vectorOf(), more: object = {}) {
  if (!copied) throw new Error("nothing is open");
  const query = queryOf(vector, more);
  expect(await copied.reader.search(query)).toEqual(await copied.table.search(query));
}

/** A store that fails to read what it is asked for under some names. */
class FailingStore extends LocalStore {
  fails = (_key: string) => false;

  override async readInto(...asked: Parameters<LocalStore["readInto"]>): Promise<number> {
    if (this.fails(asked[0])) throw new DomainError("StoreUnavailable", "the object store failed");
    return super.readInto(...asked);
  }
}

/** Nothing is copied but what searches ask for. */
const withoutBehind = ({ copies }: NonNullable<typeof copied>) =>
  vi.spyOn(copies.replicas, "fill").mockResolvedValue(undefined);

test("a partial copy answers, and nothing is given up", async () => {
  const { given, copies } = await open();
  for (let i = 0; i < 5; i++) await searched();
  await copies.idle();
  await searched();
  expect(given()).toEqual([]);
});

test("of an index that is all there nothing is read from the disk again, also while vectors are still to come", async () => {
  const store = new FailingStore(root);
  const { given, copies, reader } = await open({ store });
  store.fails = (key) => key.includes("/data/") && reader.onDisk?.join() === "index,rows";
  await searched();
  await copies.idle();
  expect(reader.onDisk).toEqual(["index", "rows"]);
  const folder = copies.replicas.copyOf(copiedRef)?.folder ?? "";
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".idx"));
  for (const path of files.map((file) => join(folder, file)))
    await writeFile(path, new Uint8Array((await stat(path)).size)); // LanceDB asks how large it is at each search
  for (let i = 0; i < partitions; i++) await searched();
  expect(given()).toEqual(["replica not-copied"]);
});

test("whoever waits for a copy to be filled waits for no pauses between its parts", async () => {
  const completed = vi.spyOn(PartialCopy.prototype, "complete");
  await (await open()).reader.warm();
  expect(completed).toHaveBeenLastCalledWith(expect.anything(), 0);
  await copied?.close();
  const { copies } = await open();
  await searched();
  await copies.idle();
  expect(completed).toHaveBeenLastCalledWith(expect.anything(), undefined);
});

test("partial-copy layout-unknown: an opening that does not say where partitions lie", async () => {
  const { pieces, ...rest } = await gathered();
  const blank = pieces.map((piece) =>
    piece.path.endsWith(".idx") ? { ...piece, bytes: new Uint8Array(piece.bytes.length) } : piece,
  );
  const { given } = await open({ opening: { ...rest, pieces: blank } });
  await searched();
  expect(given()).toEqual(["partial-copy layout-unknown"]);
});

test("partial-copy rows-unknown: lists, whose rows may lie anywhere", async () => {
  const { given } = await open();
  await searched(vectorOf(), { columns: ["words"] });
  expect(given()).toEqual(["partial-copy rows-unknown"]);
});

test("partial-copy too-few-hits: more of them than the partitions hold", async () => {
  const { given } = await open();
  await searched(vectorOf(), { k: rows / 2, settings: { nprobes: 1 } });
  expect(given()).toEqual(["partial-copy too-few-hits"]);
});

test("partial-copy not-fetched: the store fails while partitions are read, and the next search has them", async () => {
  const store = new FailingStore(root);
  const reading = await open({ store });
  const { given } = reading;
  withoutBehind(reading);
  store.fails = (key) => key.endsWith(".idx");
  await searched();
  expect(given()).toEqual(["partial-copy not-fetched"]);
  store.fails = () => false;
  await searched();
  expect(given()).toEqual(["partial-copy not-fetched"]);
});

test("partial-copy not-fetched: the store fails while rows are read", async () => {
  const store = new FailingStore(root);
  const { given } = await open({ store });
  store.fails = (key) => key.includes("/data/");
  await searched();
  expect(given()).toContain("partial-copy not-fetched");
});

test("replica not-copied: the store fails behind the answers, and the rest is copied when it is back", async () => {
  const store = new FailingStore(root);
  const { given, copies, reader } = await open({ store });
  store.fails = (key) => key.includes("/data/");
  await searched();
  await copies.idle();
  expect(given()).toContain("replica not-copied");
  store.fails = () => false;
  await searched();
  await copies.idle();
  expect(reader.isReplicated).toBe(true);
  await searched();
});

test("partial-copy unreadable: its files went away", async () => {
  const reading = await open();
  withoutBehind(reading);
  await searched();
  for (const name of await readdir(root))
    if (name.startsWith("generation-")) await rm(join(root, name), { recursive: true });
  await searched(vectorOf(), { settings: { nprobes: partitions } }); // some of which are still to be written to them
  expect(reading.given()).toEqual(["partial-copy unreadable"]);
});

test("partial-copy rows-not-indexed: rows that no opening should be without", async () => {
  const before = new Set((await gathered()).files.map(({ path }) => path));
  await table.add(rowsFrom(rows, 10));
  const { files, ...rest } = await gathered();
  const known = files.filter(({ path }) => before.has(path) || !path.startsWith("data/"));
  const { given } = await open({ opening: { ...rest, files: known } });
  await searched();
  expect(given()).toEqual(["partial-copy rows-not-indexed"]);
});

test("index-copy table-moved-on: the table that has the rows is at another version by then", async () => {
  const { given, table: read } = await open({ opening: undefined as never });
  const { nearest } = Replica.prototype;
  vi.spyOn(Replica.prototype, "nearest").mockImplementationOnce(async function (this: Replica, query) {
    const near = await nearest.call(this, query);
    await table.add(rowsFrom(rows, 1));
    await read.refresh();
    return near;
  });
  await searched();
  expect(given()).toEqual(["index-copy table-moved-on"]);
});

test("rows-in-memory table-moved-on: LanceDB tells rows of another version than is held", async () => {
  const counts = new FallbackCounts(() => undefined);
  const other = await connection.openTable("g1");
  const reader = await LanceReader.over(other, published, new RowMemory(1_073_741_824), counts);
  await reader.warm();
  const { found } = TableQueries.prototype;
  vi.spyOn(TableQueries.prototype, "found").mockImplementationOnce(async function (
    this: TableQueries,
    ...asked
  ) {
    const answer = await found.apply(this, asked);
    await table.add(rowsFrom(rows, 1));
    await reader.refresh();
    return answer;
  });
  expect(await reader.search(queryOf(vectorOf()))).toHaveLength(5);
  expect(counts.seen()).toEqual([{ fastPath: "rows-in-memory", reason: "table-moved-on", count: 1 }]);
  reader.close();
});

describe("an opening", () => {
  const index = "docs";
  const counts = () => new FallbackCounts(() => undefined);

  test("opening unreadable: it is none", async () => {
    const [store, seen] = [new LocalStore(root), counts()];
    await store.put(openingOf(index), Buffer.from("an opening"));
    expect(await new StoredOpenings(store, seen).read(index)).toBeUndefined();
    expect(seen.seen(index)).toEqual([{ fastPath: "opening", reason: "unreadable", count: 1 }]);
  });

  test("opening not-written: what it is of is gone", async () => {
    const [store, seen] = [new LocalStore(root), counts()];
    const openings = new WrittenOpenings(
      () => store,
      () => true,
      seen,
    );
    const version = await table.version();
    const of = { ...published, recall: { version: version + 1 } } as Publication;
    await openings.write(index, of);
    expect(seen.seen(index)).toEqual([{ fastPath: "opening", reason: "not-written", count: 1 }]);
    expect(await store.get(openingOf(index))).toBeUndefined();
    await openings.write(index, { ...of, recall: { ...of.recall, version } });
    expect(await new StoredOpenings(store, seen).read(index)).toMatchObject({ version });
  });

  test("none says of a file that it lies elsewhere", async () => {
    const opening = await gathered();
    const [path] = [`_indices/../../../${"elsewhere"}.idx`];
    const files = [...opening.files, { path, bytes: 1 }];
    expect(() => decodeOpening(encodeOpening({ ...opening, files }))).toThrow();
  });
});
