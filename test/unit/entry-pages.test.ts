import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";
import { EntryList, type ListedStored } from "../../lib/domain/index/entry-list.ts";
import { IndexRegistry } from "../../lib/domain/index/index-registry.ts";
import type { ObjectStore } from "../../lib/domain/object-store.ts";
import { listIndexes } from "../../lib/domain/search/describe-index.ts";
import { formats } from "../../lib/domain/stored/formats.ts";
import { counted } from "../support/counted-store.ts";
import { nameOf, servedEntry, writeEntries } from "../support/many-entries.ts";
import { startS3Server } from "../support/s3-server.ts";
import { between, oneOf, seededRandom } from "../support/seeded-random.ts";

let now = 0;
const clock = { now: () => now };
let root: string;
let s3: Awaited<ReturnType<typeof startS3Server>>;
let roots = 0;

beforeAll(async () => {
  process.env["AWS_ACCESS_KEY_ID"] ??= "test";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "test";
  s3 = await startS3Server();
});
afterAll(() => s3.stop());
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pages-"));
  roots++;
  now = 1e12;
});
afterEach(() => rm(root, { recursive: true, force: true }));

const bucket = () =>
  ({ name: "s3", backend: "s3", root: `s3://lakehouse/pages-${roots}`, readOnly: false }) as const;
const stores: Record<string, () => ObjectStore> = {
  "a folder": () => new LocalStore(root),
  S3: () => new S3Store({ ...bucket(), region: "us-east-1", endpoint: s3.endpoint }),
};

/** All pages of a list. */
async function all(list: EntryList, limit: number): Promise<ListedStored[]> {
  const found: ListedStored[] = [];
  for (let cursor: string | undefined; ; ) {
    const { entries, next } = await list.page(cursor, limit);
    found.push(...entries);
    if (next === undefined) return found;
    cursor = next;
  }
}

const pageKeys = async (store: ObjectStore) =>
  (await store.list("registry/")).flatMap(({ key }) => (key.endsWith(".page") ? [key] : []));
const stored = async (store: ObjectStore, key: string) =>
  JSON.parse(Buffer.from((await store.get(key))?.body ?? []).toString());

/** Over what is there, as another release or an accident would write it. */
async function overwrite(store: ObjectStore, key: string, text: string): Promise<void> {
  const etag = (await store.get(key))?.etag;
  await store.put(key, Buffer.from(text), etag === undefined ? undefined : { ifMatch: etag });
}

describe.each(Object.keys(stores))("in %s", (place) => {
  const open = () => (stores[place] as () => ObjectStore)();
  const registryOf = () => new IndexRegistry(open(), clock);
  const listOf = (store = open()) => new EntryList(store, clock);

  test("a page of a list that was made before costs two requests, and says the same", async () => {
    const names = await writeEntries(open(), 900);
    const first = await all(listOf(), 200);
    expect(first.map(({ name }) => name)).toEqual(names);
    const { store, take } = counted(open());
    const list = listOf(store);
    for (const limit of [200, 50]) {
      let cursor: string | undefined;
      for (let at = 0; at < names.length; at += limit) {
        const { entries, next } = await list.page(cursor, limit);
        expect(entries).toEqual(first.slice(at, at + limit));
        expect(take()).toEqual({ list: 1, get: 1 });
        cursor = next;
      }
      expect(cursor).toBeUndefined();
    }
  });

  test("one that was changed is read by itself, once", async () => {
    await writeEntries(open(), 30);
    const { store, take } = counted(open());
    const list = listOf(store);
    await list.page(undefined, 20);
    take();
    await list.page(undefined, 20);
    expect(take()).toEqual({ list: 1, get: 1 });
    await registryOf().update(nameOf(3), () => ({ lastGeneration: 7 }));
    expect((await list.page(undefined, 20)).entries[3]).toMatchObject({ lastGeneration: 7 });
    expect(take()).toEqual({ list: 1, get: 2, put: 1 });
    await list.page(undefined, 20);
    expect(take()).toEqual({ list: 1, get: 1 });
  });

  test("a few entries are not worth an object", async () => {
    await writeEntries(open(), 5);
    await listOf().page(undefined, 50);
    expect(await pageKeys(open())).toEqual([]);
  });

  test("whoever lists sees every change and nothing of old, however many write and list", async () => {
    const random = seededRandom(7);
    const registries = Array.from({ length: 4 }, registryOf);
    const lists = Array.from({ length: 4 }, () => listOf());
    const truth = new Map<string, number>();
    const someName = () => nameOf(between(random, 0, 60));
    const change = async () => {
      const [name, registry] = [someName(), oneOf(random, registries as [IndexRegistry])];
      const generation = truth.get(name);
      const drops = generation !== undefined && random() < 0.3;
      const next = (generation ?? 0) + 1;
      if (generation !== undefined)
        await registry.update(name, () => (drops ? { state: "dropped" } : { lastGeneration: next }));
      else if (await registry.read(name))
        await registry.updateDropped(name, () => ({ state: "ready", lastGeneration: next }));
      else await registry.create(name, { ...servedEntry(name), lastGeneration: next });
      if (drops) truth.delete(name);
      else truth.set(name, next);
    };
    for (let round = 0; round < 60; round++) {
      for (let i = between(random, 0, 4); i > 0; i--) await change();
      const [after, limit] = [random() < 0.5 ? undefined : someName(), between(random, 1, 40)];
      const behind = [...truth].filter(([name]) => after === undefined || name > after).sort();
      for (const { entries, next } of await Promise.all(lists.map((one) => one.page(after, limit)))) {
        const shown = entries.map((one) => [one.name, "published" in one ? one.lastGeneration : one.state]);
        expect(shown).toEqual(behind.slice(0, limit));
        expect(next).toBe(behind.length > limit ? behind[limit - 1]?.[0] : undefined);
      }
    }
    expect(await pageKeys(open())).not.toEqual([]);
  });

  test("lists that are made while others write show of each index what it was or became meanwhile", async () => {
    const names = await writeEntries(open(), 40);
    const acknowledged = new Map(names.map((name) => [name, 1]));
    let writing = true;
    const write = async () => {
      for (let generation = 2; generation < 30; generation++)
        for (const name of [nameOf(1), nameOf(39)]) {
          await registryOf().update(name, () => ({ lastGeneration: generation }));
          acknowledged.set(name, generation);
        }
      writing = false;
    };
    const look = async () => {
      const list = listOf();
      while (writing) {
        const before = new Map(acknowledged);
        const { entries } = await list.page(undefined, 50);
        expect(entries.map(({ name }) => name)).toEqual(names);
        for (const one of entries)
          if ("published" in one) {
            expect(one.lastGeneration).toBeGreaterThanOrEqual(before.get(one.name) ?? 0);
            expect(one.lastGeneration).toBeLessThanOrEqual((acknowledged.get(one.name) ?? 0) + 1);
          }
      }
    };
    await Promise.all([write(), look(), look(), look()]);
  });

  test("what cannot be read is listed as such from a page, too, and as itself when it is mended", async () => {
    const store = open();
    await writeEntries(store, 20);
    await overwrite(store, `registry/indexes/${nameOf(2)}.json`, "{");
    await overwrite(
      store,
      `registry/indexes/${nameOf(4)}.json`,
      JSON.stringify({ format: formats.entry + 1 }),
    );
    const states = async () => (await listIndexes(listOf(), { limit: 6 })).indexes.map(({ state }) => state);
    const expected = ["ready", "ready", "damaged", "ready", "needs-newer-release", "ready"];
    expect(await states()).toEqual(expected);
    expect(await states()).toEqual(expected);
    await overwrite(store, `registry/indexes/${nameOf(2)}.json`, JSON.stringify(servedEntry(nameOf(2))));
    expect((await states())[2]).toBe("ready");
  });

  test("a damaged page is written anew, and one of a newer release is left as it is", async () => {
    const store = open();
    await writeEntries(store, 20);
    const fallbacks = new FallbackCounts(() => undefined);
    const list = () => new EntryList(open(), clock, fallbacks).page(undefined, 50);
    const { entries } = await list();
    const [key = ""] = await pageKeys(store);
    const whole = await stored(store, key);
    for (const damaged of ["", "[]", '{"format":1,"entries":[{"name":"../x"}]}', '{"format":"1"}']) {
      await overwrite(store, key, damaged);
      expect((await list()).entries).toEqual(entries);
      expect(await stored(store, key)).toEqual(whole);
    }
    const newer = { format: formats.page + 1, entries: "in another way" };
    await overwrite(store, key, JSON.stringify(newer));
    expect((await list()).entries).toEqual(entries);
    expect(await stored(store, key)).toEqual(newer);
    expect(fallbacks.seen()).toEqual([{ fastPath: "entry-pages", reason: "unreadable", count: 5 }]);
  });

  test("pages are divided as indexes come between, and hold no more than they may", async () => {
    const store = open();
    await writeEntries(store, 450);
    await all(listOf(), 200);
    const between = Array.from({ length: 450 }, (_, i) => `${nameOf(100)}-${String(i).padStart(3, "0")}`);
    for (let at = 0; at < between.length; at += 50)
      await Promise.all(between.slice(at, at + 50).map((one) => registryOf().create(one, servedEntry(one))));
    const before = await all(listOf(), 200);
    expect(before).toHaveLength(900);
    const { store: asked, take } = counted(open());
    await all(listOf(asked), 200);
    take();
    expect(await all(listOf(asked), 200)).toEqual(before);
    const { list, get = 0, ...others } = take();
    expect([list, others]).toEqual([5, {}]);
    expect(get).toBeLessThanOrEqual(10);
    for (const key of await pageKeys(store)) {
      const { entries } = await stored(store, key);
      expect(entries.length).toBeLessThanOrEqual(1_000);
    }
  });
});

test("a store that takes no writes is listed all the same, and asked to take one only now and then", async () => {
  await writeEntries(new LocalStore(root), 20);
  const { store, take } = counted(
    Object.assign(new LocalStore(root), {
      put: async () => {
        throw new Error("read-only");
      },
    }),
  );
  const fallbacks = new FallbackCounts(() => undefined);
  const list = new EntryList(store, clock, fallbacks);
  const puts = async () => {
    expect((await list.page(undefined, 50)).entries).toHaveLength(20);
    return take()["put"] ?? 0;
  };
  expect([await puts(), await puts()]).toEqual([1, 0]);
  now += 61_000;
  expect([await puts(), await puts()]).toEqual([1, 0]);
  expect(fallbacks.seen()).toEqual([{ fastPath: "entry-pages", reason: "not-written", count: 2 }]);
});

test("an entry that was removed by hand and made anew is not taken for the one before, whose version it has", async () => {
  const registry = new IndexRegistry(new LocalStore(root), clock);
  const list = new EntryList(new LocalStore(root), clock);
  const names = Array.from({ length: 10 }, (_, i) => nameOf(i));
  for (const name of names) await registry.create(name, servedEntry(name));
  await list.page(undefined, 50);
  const folder = join(root, "registry/indexes");
  await rm(join(folder, `.${nameOf(5)}.json.v`), { recursive: true });
  await rm(join(folder, `${nameOf(5)}.json`));
  expect((await list.page(undefined, 50)).entries).toHaveLength(9);
  await registry.create(nameOf(5), { ...servedEntry(nameOf(5)), lastGeneration: 2 });
  expect((await list.page(undefined, 50)).entries[5]).toMatchObject({ lastGeneration: 2 });
});
