import assert from "node:assert/strict";
import type { ObjectStore } from "../../lib/domain/object-store.ts";
import { bytes, keysOf, type StoreRule, textOf } from "./store-rule.ts";

/** Names that have to come back as they went: what an id, an index or a partition directory may hold, and what XML escapes. */
const oddNames = [
  "a b",
  "a&b<c>'\"",
  "a+b=c,d;e",
  "a%2Fb",
  "key=ü",
  "n\u0303 and ñ",
  "漢字",
  "🙂",
  "~tilde",
  "(1)*!",
];
const longest = 900; // of S3's 1,024 bytes; the rest is the root's

export const listingRules: StoreRule[] = [
  {
    name: "keys are listed in order, after a key, so many at a time",
    otherwise:
      "Lists leave out indexes, jobs or documents, or show them twice; a list is begun after the last key seen.",
    check: async ({ open }) => {
      const store = open();
      for (const key of ["p/b", "p/a/2", "p/a/1", "p/a-", "q/1", "p/c"]) await store.put(key, bytes(key));
      assert.deepEqual(await keysOf(store, "p/"), ["p/a-", "p/a/1", "p/a/2", "p/b", "p/c"]);
      assert.deepEqual(await keysOf(store, "p/", { after: "p/a/1" }), ["p/a/2", "p/b", "p/c"]);
      assert.deepEqual(await keysOf(store, "p/", { after: "p/a-", limit: 2 }), ["p/a/1", "p/a/2"]);
      assert.deepEqual(await keysOf(store, "p/", { after: "p/a0" }), ["p/b", "p/c"]); // of no object
    },
  },
  {
    name: "more keys than a page holds are listed whole and once",
    otherwise: "Files of an index are taken for gone, or never removed.",
    check: async ({ open }) => {
      const store = open();
      const keys = Array.from({ length: 1_050 }, (_, i) => `p/${String(i).padStart(4, "0")}`);
      for (let i = 0; i < keys.length; i += 50)
        await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, bytes(""))));
      assert.deepEqual(await keysOf(store, "p/"), keys);
      assert.deepEqual(await keysOf(store, "p/", { after: "p/1030" }), keys.slice(1_031));
    },
  },
  {
    name: "what was written is read and listed at once, what was deleted is not",
    otherwise:
      "A task that is repeated does not find what it has done and does it again; searches miss what was acknowledged.",
    check: async ({ open }) => {
      const [writer, reader] = [open(), open()];
      for (let round = 0; round < 10; round++) {
        await writer.put("p/k", bytes(`${round}`));
        assert.equal(textOf(await reader.get("p/k")), `${round}`);
        assert.deepEqual(await keysOf(reader, "p/"), ["p/k"]);
        await writer.delete(["p/k"]);
        assert.equal(await reader.get("p/k"), undefined);
        assert.deepEqual(await keysOf(reader, "p/"), []);
      }
    },
  },
  {
    name: "a listing tells when an object was written",
    otherwise: "What killed writers have left is removed too early or never.",
    check: async ({ open }) => {
      const store = open();
      const before = Date.now();
      await store.put("p/k", bytes("one"), { ifNoneMatch: "*" });
      await store.put("p/plain", bytes("one"));
      for (const { key, modifiedMs } of await store.list("p/"))
        assert.ok(Math.abs(modifiedMs - before) < 60_000, `${key} is said to be of ${modifiedMs}`);
    },
  },
  {
    name: "a listing tells of each object what its bytes are known by, and another after each change",
    otherwise:
      "A source file that is replaced while it is loaded is not noticed; lists of indexes show what was.",
    check: async ({ open }) => tellsOfChanges(open(), open()),
  },
  {
    name: "a prefix is removed whole and nothing beside it",
    otherwise: "Dropping an index leaves files that are paid for, or takes another's.",
    check: async ({ open }) => {
      const store = open();
      for (const key of ["lance/a/1", "lance/a/x/2", "lance/ab/3"]) await store.put(key, bytes(key));
      await store.deletePrefix("lance/a/");
      await store.deletePrefix("lance/none/");
      assert.deepEqual(await keysOf(store, "lance/"), ["lance/ab/3"]);
    },
  },
  {
    name: "objects are removed by their keys, however many, and nothing beside them; again is no error",
    otherwise: "A clean-up that is repeated fails for ever.",
    check: async ({ open }) => {
      const store = open();
      const keys = ["d/1", "d/x/2", "d/~3 ü"];
      for (const key of [...keys, "d/11"]) await store.put(key, bytes(key));
      const absent = Array.from({ length: 1_000 }, (_, i) => `d/none/${i}`);
      for (let times = 0; times < 2; times++) await store.delete([...absent, ...keys]);
      await store.delete([]);
      assert.deepEqual(await keysOf(store, "d/"), ["d/11"]);
    },
  },
  {
    name: "names with signs of every kind, and long ones, are kept as they are",
    otherwise: "Parquet in directories of such names is not found, or another file is read.",
    check: async ({ open }) => {
      const store = open();
      const long = Array.from({ length: longest / 100 }, () => "l".repeat(99)).join("/");
      const keys = [...oddNames, long].map((name) => `p/${name}`);
      for (const key of keys) await store.put(key, bytes(key));
      for (const key of keys) assert.equal(textOf(await store.get(key)), key);
      assert.deepEqual((await keysOf(store, "p/")).sort(), keys.toSorted());
      await store.copy(`p/${oddNames[1]}`, "q/ü & co");
      assert.equal(textOf(await store.get("q/ü & co")), `p/${oddNames[1]}`);
    },
  },
];

async function tellsOfChanges(store: ObjectStore, other: ObjectStore): Promise<void> {
  const listed = async () => (await store.list("p/")).map(({ identity }) => identity);
  const read = async (key: string) => (await store.get(key))?.identity;
  const seen = new Set<string | undefined>();
  let etag = await store.put("p/k", bytes("one"), { ifNoneMatch: "*" });
  for (const body of ["two", "six", "ten"]) {
    assert.deepEqual(await listed(), [await read("p/k")]);
    seen.add(await read("p/k"));
    etag = await other.put("p/k", bytes(body), { ifMatch: etag });
  }
  seen.add((await listed())[0]);
  assert.equal(seen.size, 4, "another object is known by the same");
  await store.put("p/plain", bytes("one"));
  const [, plain] = await listed();
  assert.equal(plain, await read("p/plain"));
  await store.put("p/plain", bytes("two"));
  assert.notEqual((await listed())[1], plain);
}
