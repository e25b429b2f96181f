import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { S3CopyAndDelete } from "../../lib/adapters/store/s3-copy-and-delete.ts";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import { limits } from "../../lib/config/limits.ts";
import type { Bucket, Credentials } from "../../lib/domain/bucket.ts";
import type { ErrorKind } from "../../lib/domain/error-table.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import { runJob } from "../support/lakehouse.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { readOnlyCredentials } from "../support/read-only-credentials.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

let lakehouse: S3Lakehouse;
let reader: Credentials;

beforeAll(async () => {
  lakehouse = await createS3Lakehouse(s3Places.MinIO());
  await lakehouse.stores(lakehouse.bucket).put("small.parquet", parquetBytes(sampleRows(300)));
  const source = `${lakehouse.bucket}/small.parquet`;
  const { error } = await runJob(lakehouse.open(), { type: "migrate", index: "docs", source });
  expect(error).toBeNull();
  reader = await readOnlyCredentials(s3Places.MinIO());
});

afterAll(() => lakehouse.remove());

const good = () => s3Places.MinIO().credentials;
const ref = { bucket: "primary", index: "docs", generation: "g1" };
const kindOf = (work: Promise<unknown>) => work.then(() => undefined).catch(({ kind }: DomainError) => kind);

/** What each of the three clients of S3 says: our own requests, the AWS client, LanceDB. */
async function kindsOf(credentials: Credentials, bucket: Partial<Bucket> = {}) {
  const declared = { ...lakehouse.declared, ...bucket, credentials };
  const container = lakehouse.open({
    STORE_ACCESS_KEY_ID: credentials.accessKeyId,
    STORE_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    STORE_SESSION_TOKEN: credentials.sessionToken ?? "",
  });
  const aws = new S3CopyAndDelete(declared, limits.maxCopyBytes);
  return [
    await kindOf(new S3Store(declared).get("small.parquet")),
    await kindOf(aws.copy("small.parquet", "copy", 1)),
    await kindOf(container.generations.version(ref)),
  ];
}

const thrice = (kind: ErrorKind) => [kind, kind, kind];

test("an access key that the store does not know", async () => {
  const unknown = { accessKeyId: "nobody", secretAccessKey: "nobody-knows" };
  expect(await kindsOf(unknown)).toEqual(thrice("StoreCredentialsRefused"));
});

test("a secret key that is not that of the access key", async () => {
  const other = { ...good(), secretAccessKey: "another-secret" };
  expect(await kindsOf(other)).toEqual(thrice("StoreCredentialsRefused"));
});

test("a session token that is none", async () => {
  expect(await kindsOf({ ...reader, sessionToken: "no.such.token" })).toEqual(
    thrice("StoreCredentialsRefused"),
  );
});

test("a bucket that is missing", async () => {
  const [requests, aws] = await kindsOf(good(), { root: "s3://there-is-no-such-bucket" });
  expect([requests, aws]).toEqual(["StoreBucketMissing", "StoreBucketMissing"]);
  const elsewhere = await createS3Lakehouse(s3Places.MinIO());
  const container = elsewhere.open();
  await elsewhere.remove();
  expect(await kindOf(container.generations.version(ref))).toBe("StoreBucketMissing");
  expect(await kindOf(container.registry.get("docs"))).toBe("StoreBucketMissing");
});

test("a clock that is not the store's", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  try {
    expect(await kindOf(new S3Store(lakehouse.declared).get("small.parquet"))).toBe("StoreClockSkewed");
  } finally {
    vi.useRealTimers();
  }
});

test("credentials that may read and not write make a bucket read-only, and nothing else does", async () => {
  expect(await kindsOf(reader)).toEqual([undefined, "BucketReadOnly", undefined]);
  const container = lakehouse.open({
    STORE_ACCESS_KEY_ID: reader.accessKeyId,
    STORE_SECRET_ACCESS_KEY: reader.secretAccessKey,
    STORE_SESSION_TOKEN: reader.sessionToken ?? "",
  });
  expect(await kindOf(container.generations.fence(ref, 1, async () => undefined))).toBe("BucketReadOnly");
  const denied = new S3Store({ ...lakehouse.declared, credentials: reader });
  expect(await kindOf(denied.put("new", new Uint8Array()))).toBe("BucketReadOnly");
});
