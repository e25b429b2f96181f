import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { fromLance } from "../../../lib/adapters/lance/lance-errors.ts";
import { storeError } from "../../../lib/adapters/store/s3-errors.ts";
import { S3Store } from "../../../lib/adapters/store/s3-store.ts";
import type { Bucket } from "../../../lib/domain/bucket.ts";
import type { ErrorKind } from "../../../lib/domain/error-table.ts";
import type { DomainError } from "../../../lib/domain/errors.ts";
import { startS3Server } from "../../support/s3-server.ts";

/** What S3 answers, and what it is for who reads and for who writes. */
const refusals: [code: string, status: number, reads: ErrorKind, writes?: ErrorKind][] = [
  ["AccessDenied", 403, "StoreAccessDenied", "BucketReadOnly"],
  ["AllAccessDisabled", 403, "StoreAccessDenied", "BucketReadOnly"],
  ["InvalidAccessKeyId", 403, "StoreCredentialsRefused"],
  ["SignatureDoesNotMatch", 403, "StoreCredentialsRefused"],
  ["InvalidToken", 400, "StoreCredentialsRefused"],
  ["InvalidTokenId", 403, "StoreCredentialsRefused"],
  ["ExpiredToken", 400, "StoreCredentialsExpired"],
  ["RequestTimeTooSkewed", 403, "StoreClockSkewed"],
  ["NoSuchBucket", 404, "StoreBucketMissing"],
  ["AuthorizationHeaderMalformed", 400, "StoreBucketMissing"],
  ["PermanentRedirect", 301, "StoreBucketMissing"],
  ["KMS.DisabledException", 400, "StoreAccessDenied"],
  ["NeverHeardOf", 403, "StoreAccessDenied", "BucketReadOnly"],
  ["NeverHeardOf", 400, "StoreUnavailable"],
];

let s3: Awaited<ReturnType<typeof startS3Server>>;
let store: S3Store;

beforeAll(async () => {
  s3 = await startS3Server();
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const bucket: Bucket = { name: "s3", backend: "s3", root: "s3://lakehouse", readOnly: false, credentials };
  store = new S3Store({ ...bucket, region: "us-east-1", endpoint: s3.endpoint });
  await store.put("there", new TextEncoder().encode("there"));
});

afterEach(() => s3.refuse());
afterAll(() => s3.stop());

const refuse = (status: number, code: string, of = (_: string) => true, message?: string) =>
  s3.refuse({ status, code, of, ...(message ? { message } : {}) });

const kindOf = (work: Promise<unknown>) => work.then(() => undefined).catch(({ kind }: DomainError) => kind);

test.each(refusals)("%s (%i), whatever reads: %s", async (code, status, reads) => {
  refuse(status, code);
  expect(await kindOf(store.get("there"))).toBe(reads);
  expect(await kindOf(store.read("there", 0, 2))).toBe(reads);
  expect(await kindOf(store.stat("there"))).toBe(reads);
  expect(await kindOf(store.list(""))).toBe(reads);
});

test.each(refusals)("%s (%i) to who writes what can be read", async (code, status, reads, writes = reads) => {
  refuse(status, code, (method) => method === "PUT" || method === "POST");
  expect(await kindOf(store.put("new", new Uint8Array()))).toBe(writes);
  expect(await kindOf(store.copy("there", "copy"))).toBe(writes);
  expect(await kindOf(store.deletePrefix("there"))).toBe(writes);
});

test("a write that is refused where nothing can be read is no sign of a bucket that is read-only", async () => {
  refuse(403, "AccessDenied");
  expect(await kindOf(store.put("new", new Uint8Array()))).toBe("StoreAccessDenied");
});

test("an object of a bucket that is missing is not just absent", async () => {
  expect(await store.stat("absent")).toBeUndefined();
  refuse(404, "NoSuchBucket");
  expect(await kindOf(store.stat("absent"))).toBe("StoreBucketMissing");
  expect(await kindOf(store.get("absent"))).toBe("StoreBucketMissing");
});

test("a key that may not be used is told from a bucket that may not be written to", async () => {
  refuse(
    403,
    "AccessDenied",
    (method) => method === "PUT",
    "u is not authorized to perform: kms:GenerateDataKey",
  );
  await expect(store.put("new", new Uint8Array())).rejects.toMatchObject({
    kind: "StoreAccessDenied",
    message: expect.stringContaining("KMS"),
  });
});

test("objects of a list that may not be deleted make the bucket read-only", async () => {
  s3.refuse({ status: 200, code: "AccessDenied", of: (method) => method === "POST" });
  expect(await kindOf(store.deletePrefix("there"))).toBe("BucketReadOnly");
});

/** As LanceDB 0.39 says them: by an answer that is displayed, or one that is shown for debugging. */
const displayed = (method: string, status: number, code: string) =>
  new Error(
    `lance error: LanceError(IO): Error performing ${method} http://h/b/lance/kms/g1.lance in 1ms - Server returned non-2xx status code: ${status} Forbidden: <?xml version="1.0"?><Error><Code>${code}</Code></Error>, /registry/src/object_writer.rs:627:9`,
  );
const debugged = (method: string, status: number, code: string) =>
  new Error(
    `Invalid input, RetryError(RetryErrorImpl { method: ${method}, uri: Some(http://h/b?prefix=x), retries: 0, max_retries: 1, retry_timeout: 180s, inner: Status { status: ${status}, body: Some("<Error><Code>${code}</Code></Error>") } })`,
  );

test.each(refusals.slice(0, -1))(
  "LanceDB's %s (%i) means the same",
  (code, status, reads, writes = reads) => {
    for (const told of [displayed, debugged]) {
      expect(fromLance(told("GET", status, code)).kind).toBe(reads);
      expect(fromLance(told("PUT", status, code)).kind).toBe(writes);
    }
  },
);

test("an answer to LanceDB without a body is known by its status", () => {
  const head =
    "Error performing HEAD http://h/b/k in 1ms - Server returned non-2xx status code: 403 Forbidden: ";
  expect(fromLance(new Error(head)).kind).toBe("StoreAccessDenied");
});

test("the AWS client names errors by their codes", () => {
  const named = (name: string) => Object.assign(new Error("m"), { name });
  for (const [code, status, reads, writes = reads] of refusals) {
    expect(storeError(named(code), { status }).kind).toBe(reads);
    expect(storeError(named(code), { status, writes: true }).kind).toBe(writes);
  }
  expect(storeError(named("CredentialsProviderError")).kind).toBe("StoreCredentialsRefused");
});

test("what is said of it to callers names neither a bucket nor a key", () => {
  for (const [code, status] of refusals) {
    const error = fromLance(displayed("PUT", status, code));
    expect(error.message).not.toMatch(/http|lance\/|b\//);
  }
});
