import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pruneVersions } from "../../lib/adapters/lance/documents/prune-versions.ts";
import { manifestKey } from "../../lib/adapters/lance/files/manifest-name.ts";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { deleteDocuments } from "../../lib/domain/documents/delete-documents.ts";
import type { PrunedVersions } from "../../lib/domain/documents/document-tables.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import type { ObjectStore } from "../../lib/domain/object-store.ts";
import { withTable } from "../support/append-rows.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { withField } from "../support/manifest-field.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { servedGeneration } from "../support/served-generation.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});

afterAll(() => lakehouse.remove());

async function make(index: string): Promise<void> {
  const columns = [{ name: "text", type: "Utf8" }];
  const request = createRequest.parse({ name: index, dimension: 4, columns, indexType: "IVF_FLAT" });
  await createIndex(container, request, undefined);
}

const documentOf = (id: number, text = "a") => ({
  doc_id: `d${id}`,
  vector: [Math.sin(id), Math.cos(id), id, 1],
  text,
});

const write = (index: string, documents: unknown[]) =>
  writeDocuments(container, { index, mode: "upsert", documents, keyed: undefined }, 20_000);

const remove = (index: string, ids: string[]) =>
  deleteDocuments(container, index, { ids, dryRun: false }, undefined, 10_000);

const refOf = (index: string) => servedGeneration(container, index);

/** Nobody reads any but the newest, and none of which it is sure that it was made of the one before. */
const all = (): PrunedVersions => ({
  ...{ unreadBefore: Date.now() + 1_000, keptFrom: Date.now() + 1_000, most: 1_000 },
  ...{ sure: { after: 0, upTo: 0 }, unnamedBefore: Date.now() + 1_000 },
});

/** Sure is what the turns say. */
async function bounds(index: string, more: Partial<PrunedVersions> = {}): Promise<PrunedVersions> {
  const { tally, version = 0 } = await container.turns.left(index);
  return { ...all(), sure: { after: tally?.othersAt ?? version, upTo: version }, ...more };
}

async function asClient<T>(index: string, work: (table: Table) => Promise<T>): Promise<T> {
  return withTable(lakehouse.environment, await refOf(index), work);
}

async function filesOf(index: string, part: string): Promise<string[]> {
  const { generation } = await refOf(index);
  const folder = join(lakehouse.root, "data", "lance", index, `${generation}.lance`, part);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((one) => one.isFile()).map(({ name }) => name);
}

/** What each version has, by its number, as LanceDB's client reads it. */
async function contentsOf(index: string): Promise<Map<number, unknown>> {
  return asClient(index, async (table) => {
    const found = new Map<number, unknown>();
    for (const { version } of await table.listVersions()) {
      await table.checkout(version);
      const rows = await table.query().select(["doc_id", "text", "vector"]).toArray();
      const plain = rows.map(({ doc_id, text, vector }) => `${doc_id} ${text} ${[...vector]}`);
      found.set(version, plain.sort());
    }
    return found;
  });
}

test("some hundred documents written one by one leave few files, and each document once", async () => {
  await make("small");
  for (let i = 0; i < 200; i++) await write("small", [documentOf(i % 150, `${i}`)]);
  const before = await contentsOf("small");
  const ref = await refOf("small");
  const left = await container.documents.prune(ref, await bounds("small", { keptFrom: 0, most: 10 }));
  expect(left).toMatchObject({ versions: 10, version: await container.generations.version(ref) });
  const [newest] = [...before.keys()].slice(-1);
  expect(await contentsOf("small")).toEqual(new Map([...before].slice(-10)));
  expect(before.get(newest ?? 0)).toHaveLength(150);
  const files = { data: 30, _deletions: 30, _versions: 12, _transactions: 10 };
  for (const [part, most] of Object.entries(files))
    expect((await filesOf("small", part)).length, part).toBeLessThanOrEqual(most);
  expect(left?.bytes).toBeLessThan(1_000_000);
  await write("small", [documentOf(1, "after")]);
  expect(await asClient("small", (table) => table.countRows())).toBe(150);
});

test("what another version took the place of lately is kept, and so is what somebody may read", async () => {
  await make("young");
  for (let i = 0; i < 5; i++) await write("young", [documentOf(i)]);
  const before = Date.now() - 60_000;
  for (const kept of [
    { keptFrom: before, most: 100 },
    { keptFrom: 0, most: 1, unreadBefore: before },
  ]) {
    const left = await container.documents.prune(await refOf("young"), await bounds("young", kept));
    expect(left).toMatchObject({ versions: 6, isDone: true });
  }
});

test("whatever is done to a table, by whomever: what is kept is as it was", async () => {
  const random = seededRandom(7);
  const below = (most: number) => Math.floor(random() * most);
  for (let round = 0; round < 4; round++) {
    const index = `any${round}`;
    await make(index);
    const ways = [
      async () => write(index, [documentOf(below(8), `${round} ${below(1_000)}`)]),
      async () =>
        write(
          index,
          Array.from({ length: 5 }, (_, i) => documentOf(below(8) * 5 + i)),
        ),
      async () => remove(index, [`d${below(8)}`]),
      async () =>
        asClient(index, async (table) => {
          const versions = await table.listVersions();
          await table.checkout(versions[below(versions.length)]?.version ?? 1);
          await table.restore();
        }),
      async () =>
        asClient(index, async (table) => {
          const [versions, tags] = [await table.listVersions(), await table.tags()];
          const version = versions[below(versions.length)]?.version ?? 1;
          if (round % 2 === 0) await tags.create(`t${version}-${below(1_000)}`, version);
        }),
      async () =>
        asClient(index, (table) => table.update({ where: "true", values: { text: `u${below(9)}` } })),
    ];
    for (let step = 0; step < 5; step++) {
      for (let i = 0; i < 12; i++) await ways[random() < 0.6 ? 0 : below(ways.length)]?.();
      const before = await contentsOf(index);
      const tags = await asClient(index, async (table) => (await table.tags()).list());
      const tagged = Math.min(...Object.values(tags).map(({ version }) => version));
      const most = 1 + below(12);
      const which = await bounds(index, { keptFrom: 0, most });
      while (!(await container.documents.prune(await refOf(index), which))?.isDone);
      const kept = [...before].filter(([version], i) => version >= tagged || i >= before.size - most);
      expect(await contentsOf(index)).toEqual(new Map(kept));
    }
  }
});

test.each(["a turn", "another client"])(
  "a version that was restored stays whole after %s has gone on",
  async (who) => {
    const index = who === "a turn" ? "restored" : "restored-last";
    await make(index);
    for (const text of ["first", "second", "third"]) await write(index, [documentOf(1, text)]);
    await asClient(index, async (table) => {
      await table.checkout(2);
      await table.restore();
      if (who !== "a turn") await table.update({ where: "true", values: { text: "fourth" } });
    });
    if (who === "a turn") await write(index, [documentOf(1, "fourth")]);
    const before = await contentsOf(index);
    await container.documents.prune(await refOf(index), await bounds(index, { keptFrom: 0, most: 3 }));
    expect(await contentsOf(index)).toEqual(new Map([...before].slice(-3)));
  },
);

test("an index's own files go with the last version that has it", async () => {
  await make("built");
  await write(
    "built",
    Array.from({ length: 300 }, (_, i) => documentOf(i)),
  );
  expect((await runJob(container, { type: "optimize", index: "built" })).error).toBeNull();
  const before = await filesOf("built", "_indices");
  await asClient("built", async (table) => {
    for (const { name } of await table.listIndices()) if (name !== "vector_idx") await table.dropIndex(name);
  });
  const left = await container.documents.prune(await refOf("built"), all());
  expect(left).toMatchObject({ versions: 1 });
  const after = await filesOf("built", "_indices");
  expect(after.length).toBeGreaterThan(0);
  expect(after.length).toBeLessThan(before.length);
  await asClient("built", async (table) => {
    const [nearest] = await table.query().nearestTo(documentOf(7).vector).limit(1).toArray();
    expect(nearest?.doc_id).toBe("d7");
  });
});

test("what was cut short is done the next time", async () => {
  await make("cut");
  for (let i = 0; i < 20; i++) await write("cut", [documentOf(i % 4, `${i}`)]);
  const ref = await refOf("cut");
  const store = container.stores(ref.bucket);
  const folder = `lance/cut/${ref.generation}.lance/`;
  let calls = 0;
  const removed = async (keys: string[]) => {
    if (++calls > 1) throw new Error("cut short");
    await store.delete(keys);
  };
  const failing = new Proxy(store, {
    get: (target, name: keyof ObjectStore) => (name === "delete" ? removed : target[name].bind(target)),
  });
  await expect(pruneVersions(failing, folder, all())).rejects.toThrow("cut short");
  await write("cut", [documentOf(0, "after")]);
  expect(await pruneVersions(store, folder, all())).toMatchObject({ versions: 1, isDone: false });
  expect(await pruneVersions(store, folder, all())).toMatchObject({ versions: 1, isDone: true });
  expect((await filesOf("cut", "_versions")).filter((name) => name.endsWith(".manifest"))).toHaveLength(1);
  expect(await asClient("cut", (table) => table.countRows())).toBe(4);
});

test.each([
  ["a branch", (table: Table) => table.branches().then((branches) => branches.create("b"))],
  ["what is not known here", undefined],
])("nothing goes of a table that has %s, which is counted", async (what, change) => {
  const index = what === "a branch" ? "branched" : "unknown";
  await make(index);
  for (let i = 0; i < 4; i++) await write(index, [documentOf(i)]);
  const ref = await refOf(index);
  if (change) await asClient(index, change);
  else {
    const [store, key] = [container.stores(ref.bucket), manifestKey(`lance/${index}/g1.lance/`, 2)];
    await store.put(key, withField((await store.get(key))?.body ?? new Uint8Array(), 99));
  }
  const before = await filesOf(index, "");
  expect(await container.documents.prune(ref, all())).toBeUndefined();
  expect(await filesOf(index, "")).toEqual(before);
  expect(container.fallbacks.seen(index)).toEqual([
    { fastPath: "pruned-versions", reason: "table-not-known", count: 1 },
  ]);
});
