import { execFile } from "node:child_process";
import { expect, test } from "vitest";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import { s3StoreRules } from "../../scripts/store/check-store.ts";
import type { S3Place } from "../../scripts/store/store-rule.ts";
import { startForgetfulStore } from "../support/forgetful-store.ts";
import { describeObjectStore } from "../support/object-store.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

/** What docs/object-storage.md says of it. */
const broken = [
  "so they do where a page ends at a name beyond ASCII", // it answers 500
  "a wrong secret is told as one", // it looks at signatures in URLs alone
];
let lakehouse: S3Lakehouse;

describeObjectStore<S3Place>(
  "LocalStack's S3",
  s3StoreRules,
  {
    start: async () => {
      lakehouse = await createS3Lakehouse(s3Places.LocalStack());
      const { declared: bucket } = lakehouse;
      return { bucket, open: () => new S3Store(bucket) };
    },
    stop: () => lakehouse.remove(),
  },
  broken,
);

/** `npm run check:store` in a bucket of its own, through whatever stands at the endpoint. */
async function checked(endpoint: string, ...more: string[]) {
  const { credentials, ...place } = s3Places.MinIO();
  const { name, bucket, stores, remove } = await createS3Lakehouse({ ...place, credentials });
  const given = ["--endpoint", endpoint, "--bucket", name, "--prefix", "mine", ...more];
  const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = credentials;
  const env = { ...process.env, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
  const [code, told] = await new Promise<[number, string]>((ended) => {
    execFile(
      process.execPath,
      ["scripts/check-store.ts", ...given],
      { env, timeout: 90_000 },
      (error, stdout, stderr) => ended([error ? Number(error.code) : 0, stdout + stderr]),
    );
  });
  const left = await stores(bucket).list("");
  await remove();
  return { code, told, left };
}

async function checkedWithout(header: string, forgets?: (path: string) => boolean, only = "") {
  const store = await startForgetfulStore(s3Places.MinIO(), header, forgets);
  const found = await checked(store.endpoint, "--only", only);
  await store.stop();
  return found;
}

const failed = (told: string) => told.split("\n").filter((line) => line.startsWith("fails"));

test("MinIO keeps every rule, and nothing is left there", async () => {
  const { code, told, left } = await checked(s3Places.MinIO().endpoint);
  expect(failed(told)).toEqual([]);
  expect([code, left]).toEqual([0, []]);
});

test("a store that ignores If-None-Match is refused, and what would come of it is told", async () => {
  const { code, told, left } = await checkedWithout("if-none-match");
  expect(failed(told)).toEqual([
    expect.stringContaining("ignores the conditions of writes"),
    expect.stringContaining("that append to a table at the same time no row is lost"),
  ]);
  expect(told).toContain("Two writers overwrite each other");
  expect([code, left]).toEqual([1, []]);
});

test("a store that keeps conditions only where that is tried is found out, too", async () => {
  const isTried = (path: string) => path.includes(".conditional-writes");
  const { code, told, left } = await checkedWithout("if-match", (path) => !isTried(path), "writers");
  expect(told).toContain("100 of 100 were told that they had written");
  expect([code, left]).toEqual([1, []]);
});

test("where nothing can be tried that is told, with another exit code", async () => {
  const { code, told } = await checked("http://127.0.0.1:1");
  expect([code, told]).toEqual([2, "the object store failed\n"]);
});
