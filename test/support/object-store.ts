import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ObjectStore } from "../../lib/domain/object-store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (stored: { body: Uint8Array } | undefined) => stored && new TextDecoder().decode(stored.body);

export interface StoreBackend {
  start(): Promise<void>;
  /** Another store on the same empty root. */
  open(): ObjectStore;
  stop(): Promise<void>;
}

/** What every object store promises. */
export function describeObjectStore(name: string, backend: StoreBackend): void {
  describe(name, () => {
    let store: ObjectStore;
    const again = () => backend.open();

    beforeEach(async () => {
      await backend.start();
      store = backend.open();
    });

    afterEach(() => backend.stop());

    test("an object is what was last put", async () => {
      expect(await store.get("a/b.json")).toBeUndefined();
      await store.put("a/b.json", bytes("one"));
      await store.put("a/b.json", bytes("two"));
      expect(text(await store.get("a/b.json"))).toBe("two");
    });

    test("of two creations the second is refused", async () => {
      await store.put("k", bytes("first"), { ifNoneMatch: "*" });
      await expect(store.put("k", bytes("second"), { ifNoneMatch: "*" })).rejects.toMatchObject({
        kind: "Conflict",
      });
      expect(text(await store.get("k"))).toBe("first");
    });

    test("of two writers with the same ETag exactly one wins", async () => {
      const etag = await store.put("k", bytes("0"), { ifNoneMatch: "*" });
      const writes = ["a", "b", "c", "d"].map((name) => again().put("k", bytes(name), { ifMatch: etag }));
      const outcomes = await Promise.allSettled(writes);
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ kind: "Conflict" });
    });

    test("keys are listed in order, after a key, so many at a time", async () => {
      for (const key of ["p/b", "p/a/2", "p/a/1", "p/a-", "q/1", "p/c"]) await store.put(key, bytes(key));
      const keys = async (options?: { after?: string; limit?: number }) =>
        (await store.list("p/", options)).map(({ key }) => key);
      expect(await keys()).toEqual(["p/a-", "p/a/1", "p/a/2", "p/b", "p/c"]);
      expect(await keys({ after: "p/a/1" })).toEqual(["p/a/2", "p/b", "p/c"]);
      expect(await keys({ after: "p/a-", limit: 2 })).toEqual(["p/a/1", "p/a/2"]);
    });

    test("a listing tells when an object was written", async () => {
      const before = Date.now();
      await store.put("p/k", bytes("one"), { ifNoneMatch: "*" });
      await store.put("p/plain", bytes("one"));
      for (const { modifiedMs } of await store.list("p/"))
        expect(Math.abs(modifiedMs - before)).toBeLessThan(60_000);
    });

    test("a listing tells of each object what its bytes are known by, and another after each change", async () => {
      const listed = async () => (await store.list("p/")).map(({ identity }) => identity);
      const read = async () => (await store.get("p/k"))?.identity;
      const seen = new Set<string | undefined>();
      let etag = await store.put("p/k", bytes("one"), { ifNoneMatch: "*" });
      for (const body of ["two", "six", "ten"]) {
        expect(await listed()).toEqual([await read()]);
        seen.add(await read());
        etag = await again().put("p/k", bytes(body), { ifMatch: etag });
      }
      seen.add((await listed())[0]);
      expect(seen.size).toBe(4);
      await store.put("p/plain", bytes("one"));
      const [, plain] = await listed();
      expect(plain).toBe((await store.get("p/plain"))?.identity);
      await store.put("p/plain", bytes("two"));
      expect((await listed())[1]).not.toBe(plain);
    });

    test("a prefix is removed whole and nothing beside it", async () => {
      for (const key of ["lance/a/1", "lance/a/x/2", "lance/ab/3"]) await store.put(key, bytes(key));
      await store.deletePrefix("lance/a/");
      await store.deletePrefix("lance/none/");
      expect((await store.list("lance/")).map(({ key }) => key)).toEqual(["lance/ab/3"]);
    });

    test("objects are removed by their keys, however many, and nothing beside them", async () => {
      const keys = ["d/1", "d/x/2", "d/~3 ü"];
      for (const key of [...keys, "d/11"]) await store.put(key, bytes(key));
      const absent = Array.from({ length: 1_000 }, (_, i) => `d/none/${i}`);
      await store.delete([...absent, ...keys]);
      await store.delete([]);
      expect((await store.list("d/")).map(({ key }) => key)).toEqual(["d/11"]);
    });

    test("a part of an object is read, as much as there is", async () => {
      await store.put("k", bytes("0123456789"));
      expect(new TextDecoder().decode(await store.read("k", 2, 5))).toBe("234");
      expect(new TextDecoder().decode(await store.read("k", 8, 20))).toBe("89");
    });

    test("bytes are read into memory that is there, shared or not, and the rest of it stays", async () => {
      await store.put("k", bytes("0123456789"));
      for (const memory of [new ArrayBuffer(8), new SharedArrayBuffer(8)]) {
        const whole = new Uint8Array(memory).fill(46);
        expect(await store.readInto("k", 2, whole.subarray(1, 4))).toBe(3);
        expect(await store.readInto("k", 9, whole.subarray(5))).toBe(1);
        expect(Buffer.from(whole).toString()).toBe(".234.9..");
      }
    });

    test("a copy is there when it was made before", async () => {
      await store.put("from/k", bytes("x"));
      await store.copy("from/k", "to/deep/k");
      await store.copy("from/k", "to/deep/k");
      await store.deletePrefix("from/");
      expect(text(await store.get("to/deep/k"))).toBe("x");
    });

    test("a version that was read is replaced, once", async () => {
      const first = await store.put("k", bytes("one"), { ifNoneMatch: "*" });
      expect((await store.get("k"))?.etag).toBe(first);
      const second = await store.put("k", bytes("two"), { ifMatch: first });
      await expect(store.put("k", bytes("late"), { ifMatch: first })).rejects.toMatchObject({
        kind: "Conflict",
      });
      expect(await store.get("k")).toMatchObject({ etag: second });
      expect(text(await store.get("k"))).toBe("two");
    });

    test("the size of an object is known without reading it, of a missing one not", async () => {
      await store.put("k", bytes("12345"));
      expect(await store.stat("k")).toMatchObject({ bytes: 5 });
      expect(await store.stat("none")).toBeUndefined();
    });

    test("bytes of what was seen are read, of what has taken its place or of nothing none", async () => {
      await store.put("a/k", bytes("0123456789"));
      const { identity } = (await store.stat("a/k")) ?? {};
      expect((await store.stat("a/k"))?.identity).toBe(identity);
      expect(Buffer.from(await store.read("a/k", 2, 5, identity)).toString()).toBe("234");
      await store.put("a/k", bytes("abcdefghij"));
      const refused = { kind: "SourceChanged", issues: [{ path: "a/k" }] };
      await expect(store.read("a/k", 2, 5, identity)).rejects.toMatchObject(refused);
      await store.put("a/k", bytes("ab"));
      await expect(store.readInto("a/k", 5, new Uint8Array(3), identity)).rejects.toMatchObject(refused);
      await store.deletePrefix("a/");
      await expect(store.read("a/k", 2, 5, identity)).rejects.toMatchObject(refused);
    });
  });
}
