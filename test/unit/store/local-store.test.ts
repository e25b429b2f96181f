import { fork } from "node:child_process";
import { once } from "node:events";
import {
  appendFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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
  expect(await store.list("registry/")).toMatchObject([{ key: "registry/docs.json", bytes: 1 }]);
});

describe("what was seen of a file is read of no other:", () => {
  const seen = async () => (await store.stat("k"))?.identity;
  const old = "0123456789";
  beforeEach(() => store.put("k", bytes(old)));

  test.each<[string, (path: string) => Promise<unknown>]>([
    ["renamed over", async (path) => rename(await beside(path, "abcdefghij"), path)],
    ["renamed over by a copy", async (path) => rename(await beside(path, old), path)],
    ["written over", (path) => writeFile(path, "abcdefghij")],
    ["appended to", (path) => appendFile(path, "x")],
    ["cut", (path) => truncate(path, 5)],
    ["touched", (path) => utimes(path, new Date(), new Date(Date.now() + 1_000))],
    ["removed", (path) => rm(path)],
    ["made a folder", (path) => rm(path).then(() => mkdir(path))],
  ])("%s", async (_, change) => {
    const identity = await seen();
    await change(join(root, "k"));
    await expect(store.read("k", 0, 4, identity)).rejects.toMatchObject({
      kind: "SourceChanged",
      message: expect.stringMatching(
        /^k: (has changed|is gone) since the job began to read it; start another/,
      ),
    });
  });

  test("a file that is written to while its bytes are read is noticed after it", async () => {
    const large = new Uint8Array(64 * 1_048_576);
    await store.put("k", large);
    const identity = await seen();
    const reading = expect(store.readInto("k", 0, large, identity)).rejects.toMatchObject({
      kind: "SourceChanged",
    });
    await appendFile(join(root, "k"), "x");
    await reading;
  });

  test("one that only got another name beside it is the same", async () => {
    const identity = await seen();
    await link(join(root, "k"), join(root, "other"));
    expect(Buffer.from(await store.read("k", 0, 4, identity)).toString()).toBe("0123");
  });

  async function beside(path: string, content: string): Promise<string> {
    await writeFile(`${path}.new`, content);
    return `${path}.new`;
  }
});

describe("links", () => {
  let outside: string;
  beforeEach(async () => {
    outside = await mkdtemp(join(tmpdir(), "outside-"));
    await mkdir(join(outside, "folder"));
    await writeFile(join(outside, "folder", "secret"), "secret");
    await store.put("in/k", bytes("inside"));
  });
  afterEach(() => rm(outside, { recursive: true, force: true }));

  const refused = { kind: "OutsideBucket", status: 403 };

  test("out of the bucket are not followed: not by reads, writes, listings, copies, or removals", async () => {
    await symlink(join(outside, "folder"), join(root, "out"));
    await symlink(join(outside, "folder", "secret"), join(root, "in/secret"));
    await symlink("../../../../../../../../etc/hostname", join(root, "in/relative"));
    for (const key of ["out/secret", "in/secret", "in/relative"]) {
      await expect(store.get(key)).rejects.toMatchObject(refused);
      await expect(store.stat(key)).rejects.toMatchObject(refused);
      await expect(store.read(key, 0, 4)).rejects.toMatchObject(refused);
      await expect(store.copy(key, "in/copied")).rejects.toMatchObject(refused);
    }
    for (const prefix of ["", "in/", "out/", "out/sec"])
      await expect(store.list(prefix)).rejects.toMatchObject({
        ...refused,
        message: expect.stringMatching(/^(out|in\/)/),
      });
    await expect(store.put("out/new", bytes("x"))).rejects.toMatchObject(refused);
    await expect(store.put("out/deep/new", bytes("x"), { ifNoneMatch: "*" })).rejects.toMatchObject(refused);
    await expect(store.copy("in/k", "out/k")).rejects.toMatchObject(refused);
    await expect(store.deletePrefix("out/deep/")).rejects.toMatchObject(refused);
    await store.deletePrefix("out/");
    await store.put("in/secret", bytes("own"));
    expect(await readdir(join(outside, "folder"))).toEqual(["secret"]);
    expect(await readFile(join(outside, "folder", "secret"), "utf8")).toBe("secret");
    expect(text(await store.get("in/secret"))).toBe("own");
  });

  test("within the bucket are, and those of folders are listed as folders, once", async () => {
    await symlink("in", join(root, "alias"));
    await symlink("k", join(root, "in/l"));
    await symlink("..", join(root, "in/up"));
    expect(text(await store.get("alias/l"))).toBe("inside");
    await store.put("alias/new", bytes("x"));
    expect((await store.list("alias/")).map(({ key }) => key)).toEqual(["alias/k", "alias/l", "alias/new"]);
    await store.copy("alias/l", "in/copied");
    await store.deletePrefix("alias/");
    expect(text(await store.get("in/copied"))).toBe("inside");
    expect(text(await store.get("in/k"))).toBe("inside");
  });

  test("a bucket may be one itself, and a link to nothing is nothing", async () => {
    await symlink(root, join(outside, "bucket"));
    const linked = new LocalStore(join(outside, "bucket"));
    await symlink("nowhere", join(root, "in/dangling"));
    expect(text(await linked.get("in/k"))).toBe("inside");
    await linked.put("new/k", bytes("x"), { ifNoneMatch: "*" });
    expect(await linked.get("in/dangling")).toBeUndefined();
    expect((await linked.list("")).map(({ key }) => key)).toEqual(["in/k", "new/k"]);
    await linked.deletePrefix("new/");
    expect(await new LocalStore(join(root, "nowhere")).list("")).toEqual([]);
  });
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
