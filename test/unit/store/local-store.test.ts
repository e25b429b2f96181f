import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalStore } from "../../../lib/adapters/store/local-store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (stored: { body: Uint8Array } | undefined) => stored && new TextDecoder().decode(stored.body);

let root: string;
let store: LocalStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "store-"));
  store = new LocalStore(root);
});

afterEach(() => rm(root, { recursive: true, force: true }));

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
  const writes = ["a", "b", "c", "d"].map((name) =>
    new LocalStore(root).put("k", bytes(name), { ifMatch: etag }),
  );
  const outcomes = await Promise.allSettled(writes);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const outcome of outcomes)
    if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ kind: "Conflict" });
});

test("an ETag that is long gone is refused, however many versions have been cleared away since", async () => {
  const first = await store.put("k", bytes("0"), { ifNoneMatch: "*" });
  let etag = first;
  await utimes(join(root, ".k.v", first), new Date(0), new Date(0));
  for (let i = 1; i <= 30; i++) {
    etag = await store.put("k", bytes(String(i)), { ifMatch: etag });
    await utimes(join(root, ".k.v", etag), new Date(0), new Date(0)); // old enough to be cleared away
  }
  const kept = await readdir(join(root, ".k.v"));
  expect(kept.length).toBeLessThan(15);
  await expect(store.put("k", bytes("late"), { ifMatch: "5" })).rejects.toMatchObject({ kind: "Conflict" });
  await expect(store.put("k", bytes("late"), { ifNoneMatch: "*" })).rejects.toMatchObject({
    kind: "Conflict",
  });
  await expect(store.put("k", bytes("late"), { ifMatch: first })).rejects.toMatchObject({ kind: "Conflict" });
  expect(text(await store.get("k"))).toBe("30");
});

test("the object can be read as a plain file, and its versions do not show in a listing", async () => {
  const etag = await store.put("registry/docs.json", bytes("1"), { ifNoneMatch: "*" });
  await store.put("registry/docs.json", bytes("2"), { ifMatch: etag });
  expect(await readFile(join(root, "registry/docs.json"), "utf8")).toBe("2");
  expect((await store.list("registry/")).map(({ key }) => key)).toEqual(["registry/docs.json"]);
});

test("an object whose writer died before it made the plain copy is there all the same", async () => {
  await store.put("registry/docs.json", bytes("1"), { ifNoneMatch: "*" });
  await rm(join(root, "registry/docs.json"));
  expect(text(await store.get("registry/docs.json"))).toBe("1");
  expect(await store.list("registry/")).toEqual([{ key: "registry/docs.json", bytes: 1 }]);
});

test("a thousand increments by four processes lose none", async () => {
  await store.put("counter", bytes("0"), { ifNoneMatch: "*" });
  const script = join(import.meta.dirname, "count-up.ts");
  const children = Array.from({ length: 4 }, () =>
    fork(script, [root, "250"], { execArgv: [], timeout: 40_000 }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
  expect(codes).toEqual([0, 0, 0, 0]);
  expect(text(await store.get("counter"))).toBe("1000");
});

test("keys are listed in order, after a key, so many at a time", async () => {
  for (const key of ["p/b", "p/a/2", "p/a/1", "p/a-", "q/1", "p/c"]) await store.put(key, bytes(key));
  const keys = async (options?: { after?: string; limit?: number }) =>
    (await store.list("p/", options)).map(({ key }) => key);
  expect(await keys()).toEqual(["p/a-", "p/a/1", "p/a/2", "p/b", "p/c"]);
  expect(await keys({ after: "p/a/1" })).toEqual(["p/a/2", "p/b", "p/c"]);
  expect(await keys({ after: "p/a-", limit: 2 })).toEqual(["p/a/1", "p/a/2"]);
});

test("a prefix is removed whole and nothing beside it", async () => {
  for (const key of ["lance/a/1", "lance/a/x/2", "lance/ab/3"]) await store.put(key, bytes(key));
  await store.deletePrefix("lance/a/");
  await store.deletePrefix("lance/none/");
  expect((await store.list("lance/")).map(({ key }) => key)).toEqual(["lance/ab/3"]);
});

test("a part of an object is read, as much as there is", async () => {
  await store.put("k", bytes("0123456789"));
  expect(new TextDecoder().decode(await store.read("k", 2, 5))).toBe("234");
  expect(new TextDecoder().decode(await store.read("k", 8, 20))).toBe("89");
});

test("a copy is there when it was made before", async () => {
  await store.put("from/k", bytes("x"));
  await store.copy("from/k", "to/deep/k");
  await store.copy("from/k", "to/deep/k");
  await store.deletePrefix("from/");
  expect(text(await store.get("to/deep/k"))).toBe("x");
});
