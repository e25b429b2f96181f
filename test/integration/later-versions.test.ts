import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, Index, type Table } from "@lancedb/lancedb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { filesNamedBy } from "../../lib/adapters/lance/files/manifest.ts";
import { manifestKey } from "../../lib/adapters/lance/files/manifest-name.ts";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { DomainError } from "../../lib/domain/errors.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import {
  type CopiedTable,
  copiedOpening,
  copiedPublication,
  copiedReader,
  copiedRef,
} from "../support/copied-reader.ts";
import { counted } from "../support/counted-store.ts";
import { seededRandom } from "../support/seeded-random.ts";

const dimension = 8;
const rows = 2_000;
const random = seededRandom(5);
const systemTmpdir = tmpdir();

let root: string;
let published: Publication;
let connection: Connection;
let table: Table;
/** What there is: texts by their ids. */
let texts: Map<string, string>;
let copied: Awaited<ReturnType<typeof copiedReader>> | undefined;

const rowOf = (doc_id: string, text: string) => {
  const vector = Array.from({ length: dimension }, () => random() - 0.5);
  return { doc_id, text, vector };
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "later-"));
  process.env["TMPDIR"] = root;
  connection = await connect(join(root, "lance/docs"));
  const all = Array.from({ length: rows }, (_, i) => rowOf(`d${i}`, "first"));
  texts = new Map(all.map(({ doc_id, text }) => [doc_id, text]));
  table = await connection.createTable("g1", all);
  await table.createIndex("vector", { config: Index.ivfFlat({ numPartitions: 4 }) });
  await table.createIndex("doc_id", { config: Index.btree() });
  const columns = columnsOf(await table.schema());
  published = { ...copiedPublication(dimension, rows), columns } as unknown as Publication;
});

afterEach(async () => {
  await copied?.close();
  copied = undefined;
  table.close();
  connection.close();
  process.env["TMPDIR"] = systemTmpdir;
  await rm(root, { recursive: true, force: true });
});

async function open(more: Partial<CopiedTable> = {}) {
  const opening = await copiedOpening(root, published, await table.version());
  copied = await copiedReader({ root, published, opening, isFollowing: true, ...more });
  return copied;
}

/** Of some that are there and some that are not. */
async function upsert(text: string, ids = [`d${Math.floor(random() * rows)}`, `n${text}`]) {
  await table
    .mergeInsert("doc_id")
    .whenMatchedUpdateAll()
    .whenNotMatchedInsertAll()
    .execute(ids.map((id) => rowOf(id, text)));
  await table.schema();
  for (const id of ids) texts.set(id, text);
}

async function remove(id: string) {
  await table.delete(`doc_id = '${id}'`);
  texts.delete(id);
}

type Opened = NonNullable<typeof copied>;

/** Looks for a later version, as a strong search does. */
async function look({ reader }: Opened) {
  if (await reader.hasMoved(true)) await reader.refresh();
}

/** All rows, nearest first: each once, as it was written last. */
async function expectAll({ reader }: Opened) {
  const query = { vector: new Float32Array(dimension), columns: ["text"], settings: { nprobes: 4 } };
  const hits = await reader.search({ ...query, k: texts.size + 10, timeoutMs: 10_000 });
  expect(new Map(hits.map(({ doc_id, text }) => [doc_id, text]))).toEqual(texts);
  expect(hits).toHaveLength(texts.size);
  expect(reader.version).toBe(await table.version());
  const { numUnindexedRows } = (await table.indexStats("vector_idx")) ?? {};
  expect(await reader.unindexedRows()).toBe(numUnindexedRows);
}

/** As the table itself tells them. */
async function expectNearest({ reader }: Opened) {
  const vector = Float32Array.from({ length: dimension }, () => random() - 0.5);
  const query = { vector, k: 5, columns: ["text"], settings: { nprobes: 2 }, timeoutMs: 10_000 };
  const found = await table.query().nearestTo(vector).distanceType("l2").nprobes(2).limit(5).toArray();
  const hits = await reader.search(query);
  expect(hits.map(({ doc_id, text }) => [doc_id, text])).toEqual(
    found.map(({ doc_id, text }) => [doc_id, text]),
  );
}

/** Of the copies, by their paths in the folder of the table. */
async function filesOnDisk(): Promise<string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = found.filter((one) => one.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return paths.flatMap((path) => /generation-[^/]+\/(?:g1\.lance\/)?(.+)$/.exec(path)?.[1] ?? []);
}

/** A store whose data files cannot be read for a while. */
class FailingStore extends LocalStore {
  fails = false;

  override async readInto(...asked: Parameters<LocalStore["readInto"]>): Promise<number> {
    if (this.fails && asked[0].includes("/data/")) throw new DomainError("StoreUnavailable", "it failed");
    return super.readInto(...asked);
  }
}

interface Held {
  isWhole?: boolean;
  of?: object;
  /** Faster ways that are given up for others. */
  given?: string[];
}

describe.each<[string, Held]>([
  ["a whole replica", { isWhole: true }],
  ["a copy that has just been opened", {}],
  ["the copy of a generation without an opening", { isWhole: true, of: { opening: undefined } }],
  ["no copy at all", { of: { maxBytes: 0 } }],
])("with %s", (_, { isWhole = false, of = {}, given = [] }: Held) => {
  test("every write and deletion is seen, each row once, while the versions go on", async () => {
    const opened = await open(of);
    await expectNearest(opened);
    if (isWhole) await opened.copies.idle();
    for (let round = 0; round < 12; round++) {
      await upsert(`${round}`);
      if (round % 3 === 0) await remove(`d${round}`);
      for (let more = 0; round === 5 && more < 20; more++) await upsert(`${round}-${more}`);
      await look(opened);
      await expectNearest(opened);
      await expectAll(opened);
    }
    await opened.copies.idle();
    await expectAll(opened);
    expect(opened.given()).toEqual(given);
  });
});

test("of a later version a replica fetches what is new, and nothing is given up", async () => {
  const { store, take } = counted(new LocalStore(root));
  const opened = await open({ store: store as LocalStore });
  await expectNearest(opened);
  await opened.copies.idle();
  take();
  await upsert("new");
  await look(opened);
  expect(take()).toEqual({ get: 8, readInto: 1 }); // six may be manifests of later versions, one is of deletions
  for (let i = 0; i < 3; i++) await expectNearest(opened);
  await opened.copies.idle();
  expect(opened.reader.isReplicated).toBe(true);
  expect(take()).toEqual({});
  expect(opened.given()).toEqual([]);
});

test("files that no version names any more leave the disk, but not while somebody reads them", async () => {
  const opened = await open();
  await expectNearest(opened);
  await opened.copies.idle();
  const before = await filesOnDisk();
  const held = Promise.withResolvers<void>();
  const reading = opened.copies.replicas.openAt(copiedRef, opened.reader.version)?.use(async (reader) => {
    await held.promise;
    const query = { vector: new Float32Array(dimension), k: rows, columns: [], settings: {} };
    return (await reader.search({ ...query, timeoutMs: 10_000 })).length;
  });
  for (let i = 0; i < 10; i++) {
    await upsert(`${i}`, ["same", `d${i}`]);
    await look(opened);
    if (i % 2 === 0) continue;
    await remove(`d${i}`); // of the last fragment nothing is left
    await look(opened);
  }
  held.resolve();
  expect(await reading).toBe(rows);
  await expectAll(opened);
  const manifest = await readFile(join(root, manifestKey("lance/docs/g1.lance/", await table.version())));
  const named = [...before, ...filesNamedBy(manifest).files, manifestKey("", await table.version())];
  const unnamed = async () => (await filesOnDisk()).filter((path) => !named.includes(path));
  await expect.poll(unnamed).toEqual([]);
  await opened.close();
  copied = undefined;
  expect(await filesOnDisk()).toEqual([]);
});

test("an index that another client drops is not searched for in a copy that lacks vectors", async () => {
  const opened = await open();
  vi.spyOn(opened.copies.replicas, "fill").mockResolvedValue(undefined);
  await expectNearest(opened);
  await table.dropIndex("vector_idx");
  await look(opened);
  await expectNearest(opened);
  expect(opened.given()).toEqual(["index-copy rows-not-indexed"]); // no index is there, so that the table is searched
});

test("a column that another client adds is read from the table", async () => {
  const opened = await open();
  await expectNearest(opened);
  await opened.copies.idle();
  await table.addColumns([{ name: "more", valueSql: "1" }]);
  await look(opened);
  expect(opened.reader.columns.map(({ name }) => name)).toContain("more");
  await expectAll(opened);
  await opened.copies.idle();
  await upsertWith("more");
  await look(opened);
  await expectAll(opened);
});

async function upsertWith(column: string) {
  await table.add([{ ...rowOf("with", "more"), [column]: 1n }]);
  texts.set("with", "more");
}

test("where the store fails while what is new is fetched, the table is searched, and the next version has a copy again", async () => {
  const store = new FailingStore(root);
  const opened = await open({ store });
  await expectNearest(opened);
  await opened.copies.idle();
  await upsert("a");
  store.fails = true;
  await look(opened);
  await expectAll(opened);
  expect(opened.given()).toContain("replica not-copied");
  store.fails = false;
  await upsert("b");
  await look(opened);
  expect(opened.reader.isReplicated).toBe(true);
  await expectAll(opened);
});

test("searches beside each other and beside the versions that go on each find what one version holds", async () => {
  const opened = await open();
  let goesOn = true;
  const writing = (async () => {
    for (let i = 0; i < 25; i++) {
      await table.add([rowOf(`a${i}`, "added")]);
      await look(opened);
    }
    goesOn = false;
  })();
  const searching = Array.from({ length: 3 }, async () => {
    let before = rows;
    while (goesOn) {
      const query = { vector: new Float32Array(dimension), k: rows + 50, columns: ["text"], settings: {} };
      const hits = await opened.reader.search({ ...query, timeoutMs: 10_000 });
      expect(new Set(hits.map(({ doc_id }) => doc_id)).size).toBe(hits.length);
      expect(hits.length).toBeGreaterThanOrEqual(before);
      before = hits.length;
    }
  });
  await Promise.all([writing, ...searching]);
});
