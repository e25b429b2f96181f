import assert from "node:assert/strict";
import { bytes, type StoreRule, textOf } from "./store-rule.ts";

const wrongBytes = "Searches and loads read other bytes than they asked for, and fail.";

export const objectRules: StoreRule[] = [
  {
    name: "an object is what was last put",
    otherwise: "Nothing that is stored can be trusted.",
    check: async ({ open }) => {
      const store = open();
      assert.equal(await store.get("a/b.json"), undefined);
      await store.put("a/b.json", bytes("one"));
      await store.put("a/b.json", bytes("two"));
      assert.equal(textOf(await store.get("a/b.json")), "two");
    },
  },
  {
    name: "a part of an object is read, as much as there is",
    otherwise: wrongBytes,
    check: async ({ open }) => {
      const store = open();
      await store.put("k", bytes("0123456789"));
      assert.equal(new TextDecoder().decode(await store.read("k", 2, 5)), "234");
      assert.equal(new TextDecoder().decode(await store.read("k", 8, 20)), "89");
    },
  },
  {
    name: "bytes are read into memory that is there, shared or not, and the rest of it stays",
    otherwise: wrongBytes,
    check: async ({ open }) => {
      const store = open();
      await store.put("k", bytes("0123456789"));
      for (const memory of [new ArrayBuffer(8), new SharedArrayBuffer(8)]) {
        const whole = new Uint8Array(memory).fill(46);
        assert.equal(await store.readInto("k", 2, whole.subarray(1, 4)), 3);
        assert.equal(await store.readInto("k", 9, whole.subarray(5)), 1);
        assert.equal(Buffer.from(whole).toString(), ".234.9..");
      }
    },
  },
  {
    name: "bytes of what was seen are read, of what has taken its place or of nothing none",
    otherwise: "A source file that is replaced while it is loaded is loaded in pieces of both.",
    check: async ({ open }) => {
      const store = open();
      await store.put("a/k", bytes("0123456789"));
      const { identity } = (await store.stat("a/k")) ?? {};
      assert.equal((await store.stat("a/k"))?.identity, identity);
      assert.equal(Buffer.from(await store.read("a/k", 2, 5, identity)).toString(), "234");
      await store.put("a/k", bytes("abcdefghij"));
      const refused = (error: { kind?: string; issues?: { path: string }[] }) =>
        error.kind === "SourceChanged" && error.issues?.[0]?.path === "a/k";
      await assert.rejects(store.read("a/k", 2, 5, identity), refused);
      await store.put("a/k", bytes("ab"));
      await assert.rejects(store.readInto("a/k", 5, new Uint8Array(3), identity), refused);
      await store.deletePrefix("a/");
      await assert.rejects(store.read("a/k", 2, 5, identity), refused);
    },
  },
  {
    name: "the size of an object is known without reading it, of a missing one not",
    otherwise: wrongBytes,
    check: async ({ open }) => {
      const store = open();
      await store.put("k", bytes("12345"));
      assert.equal((await store.stat("k"))?.bytes, 5);
      assert.equal(await store.stat("none"), undefined);
    },
  },
  {
    name: "a copy is there when it was made before",
    otherwise: "A fork of an index that is repeated fails for ever.",
    check: async ({ open }) => {
      const store = open();
      await store.put("from/k", bytes("x"));
      await store.copy("from/k", "to/deep/k");
      await store.copy("from/k", "to/deep/k");
      await store.deletePrefix("from/");
      assert.equal(textOf(await store.get("to/deep/k")), "x");
    },
  },
];
