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
