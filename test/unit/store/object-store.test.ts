import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LocalStore } from "../../../lib/adapters/store/local-store.ts";
import { S3Store } from "../../../lib/adapters/store/s3-store.ts";
import { storeRules } from "../../../scripts/store/check-store.ts";
import { bytes, type StorePlace } from "../../../scripts/store/store-rule.ts";
import { describeObjectStore, type StoreBackend } from "../../support/object-store.ts";
import { startS3Server } from "../../support/s3-server.ts";

function localBackend(): StoreBackend {
  let root = "";
  return {
    start: async () => {
      root = await mkdtemp(join(tmpdir(), "store-"));
      return { open: () => new LocalStore(root) };
    },
    stop: () => rm(root, { recursive: true, force: true }),
  };
}

let s3: Awaited<ReturnType<typeof startS3Server>>;
let roots = 0;

function emptyRoot(): StorePlace {
  process.env["AWS_ACCESS_KEY_ID"] ??= "test";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "test";
  const root = `s3://lakehouse/prefix-${roots++}`;
  const { endpoint } = s3;
  const bucket = { name: "s3", backend: "s3", root, readOnly: false, region: "us-east-1", endpoint } as const;
  return { open: () => new S3Store(bucket) };
}

beforeAll(async () => {
  s3 = await startS3Server();
});

afterAll(() => s3.stop());

describeObjectStore("a folder", storeRules, localBackend());
describeObjectStore("S3", storeRules, { start: async () => emptyRoot(), stop: async () => undefined });

test("a store that takes a request and never answers is said to be unavailable, in bounded time", async () => {
  const store = emptyRoot().open();
  s3.hang(true);
  await expect(store.get("k")).rejects.toMatchObject({ kind: "StoreUnavailable" });
  s3.hang(false);
}, 90_000);

test("a store that answers with another part of an object than was asked for is not believed", async () => {
  const store = emptyRoot().open();
  await store.put("k", new Uint8Array(200_000));
  s3.ignore("range");
  for (const asked of [10, 150_000, 300_000])
    await expect(store.read("k", 5, 5 + asked)).rejects.toMatchObject({ kind: "StoreUnavailable" });
  s3.ignore();
}, 30_000);

test("a store that does not know If-Match of reads is told by its answer's ETag that an object has changed", async () => {
  const store = emptyRoot().open();
  await store.put("k", bytes("0123456789"));
  const { identity } = (await store.stat("k")) ?? {};
  await store.put("k", bytes("abcdefgh"));
  s3.ignore("if-match");
  for (const start of [0, 9])
    await expect(store.read("k", start, start + 1, identity)).rejects.toMatchObject({
      kind: "SourceChanged",
    });
  s3.ignore();
});

describe("before the first write", () => {
  const write = async () => {
    await emptyRoot().open().put("k", bytes("x"));
  };
  afterEach(() => s3.ignore());

  test.each(["if-none-match", "if-match"])(
    "a store that ignores %s is refused, with the reason",
    async (header) => {
      s3.ignore(header);
      await expect(write()).rejects.toMatchObject({
        kind: "StoreUnsuitable",
        message: expect.stringMatching(new RegExp(`ignores ${header}`, "i")),
      });
    },
  );

  test("one that honours them is written to", async () => {
    await expect(write()).resolves.toBeUndefined();
  });
});

test("a store that is busy is asked again, and one that stays so is said to be unavailable", async () => {
  const store = emptyRoot().open();
  s3.failNext(2);
  await store.put("k", bytes("x"));
  s3.failNext(1_000);
  await expect(store.get("k")).rejects.toMatchObject({ kind: "StoreUnavailable" });
  s3.failNext(0);
});
