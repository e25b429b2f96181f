import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { connect } from "@lancedb/lancedb";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { storageOptionsOf } from "../../lib/adapters/lance/tables/storage-options.ts";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { createContainer } from "../../lib/container.ts";
import { verifyIndex } from "../../scripts/verify/verify-index.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { runJob } from "../support/lakehouse.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { seededRandom, share } from "../support/seeded-random.ts";
import { theStack } from "../support/stack.ts";

const Bucket = `faults-${process.pid}`;
let direct: S3Client;
let proxied: S3Client;
let proxy: FaultProxy;

function clientOf(endpoint: string, maxAttempts = 3): S3Client {
  const { credentials } = theStack();
  return new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials, maxAttempts });
}

beforeAll(async () => {
  direct = clientOf(theStack().endpoints.minio);
  await direct.send(new CreateBucketCommand({ Bucket }));
});
beforeEach(async () => {
  proxy = await FaultProxy.start(theStack().endpoints.minio);
  proxied = clientOf(proxy.endpoint);
});
afterEach(async () => {
  proxied.destroy();
  await proxy.stop();
});
afterAll(async () => {
  const { endpoints, credentials } = theStack();
  const bucket = {
    name: "faults",
    backend: "s3",
    root: `s3://${Bucket}`,
    readOnly: false,
    region: "us-east-1",
  } as const;
  await new S3Store({ ...bucket, endpoint: endpoints.minio, credentials }).deletePrefix("");
  await direct.send(new DeleteBucketCommand({ Bucket }));
  direct.destroy();
});

const bytesOf = async (client: S3Client, Key: string) =>
  (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray();

test("signed requests pass: the store checks the name of the proxy, which the client has signed", async () => {
  const Body = Buffer.alloc(20_000_000, "some bytes");
  const Key = "a folder/with ü & (signs)+=.bin";
  await proxied.send(new PutObjectCommand({ Bucket, Key, Body }));
  expect(Body.equals((await bytesOf(proxied, Key)) ?? new Uint8Array())).toBe(true);
  expect(proxy.counts).toMatchObject({ storeFailures: 0, operations: { PutObject: 1, GetObject: 1 } });
});

test("a write whose answer was dropped has been done", async () => {
  proxy.fault = ({ number }) => (number === 0 ? { kind: "dropAnswer" } : undefined);
  const once = clientOf(proxy.endpoint, 1);
  await expect(once.send(new PutObjectCommand({ Bucket, Key: "kept", Body: "x" }))).rejects.toThrow();
  expect(await bytesOf(direct, "kept")).toEqual(Uint8Array.of(120));
});

test("LanceDB appends through it, also when one request in ten is refused", async () => {
  const { accessKeyId, secretAccessKey } = theStack().credentials;
  const storageOptions = {
    ...{ endpoint: proxy.endpoint, region: "us-east-1", allow_http: "true" },
    ...{ aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey },
  };
  const table = await (await connect(`s3://${Bucket}/db`, { storageOptions })).createTable(
    "t",
    rows("first"),
  );
  proxy.fault = share(0.1, seededRandom(1), () => ({ kind: "status", status: 503 }));
  for (let i = 0; i < 10; i++) await table.add(rows(`more${i}-`));
  expect(await table.countRows()).toBe(1_100);
  expect(proxy.counts.faults.status).toBeGreaterThan(1);
});

test("the store takes bodies that are not signed again, where they cannot be changed on their way", async () => {
  const { credentials } = theStack();
  const bucket = { name: "faults", backend: "s3", root: `s3://${Bucket}`, readOnly: false } as const;
  const storageOptions = storageOptionsOf({
    ...bucket,
    endpoint: proxy.endpoint,
    allowHttp: true,
    credentials,
  });
  const signatures = new Set<unknown>();
  proxy.fault = ({ method, headers }) => {
    if (method === "PUT") signatures.add(headers["x-amz-content-sha256"]);
    return undefined;
  };
  const connection = await connect(`s3://${Bucket}/unsigned`, { storageOptions });
  const table = await connection.createTable("t", rows("first"));
  expect(await table.countRows()).toBe(100);
  expect([...signatures]).toEqual(["UNSIGNED-PAYLOAD"]);
});

const rows = (prefix: string) => sampleRows(100, 8, prefix) as Record<string, unknown>[];

test("the rows of an index on S3 are verified against their source on S3", async () => {
  await direct.send(
    new PutObjectCommand({ Bucket, Key: "in/docs/a.parquet", Body: parquetBytes(sampleRows(300)) }),
  );
  const folder = await mkdtemp(join(tmpdir(), "verify-s3-"));
  const environment = { ...theStack().environment, WORKFLOW: "embedded", AWS_ENDPOINT: proxy.endpoint };
  const LAKEHOUSE_TOML = join(folder, "lakehouse.toml");
  const bucket = (name: string, prefix: string) =>
    `[[storage.buckets]]\nname = "${name}"\nbackend = "s3"\nbucket = "${Bucket}"\nprefix = "${prefix}"\ncredentials = "minio"\n`;
  await writeFile(LAKEHOUSE_TOML, bucket("primary", "lake") + bucket("source", "in"));
  const parsed = readEnvironment({ ...environment, LAKEHOUSE_TOML });
  const container = createContainer(parsed, loadBuckets(parsed));
  const job = await runJob(container, { type: "migrate", index: "docs", source: "source/docs" });
  await container.close();
  expect(job.error).toBeNull();
  const verified = await verifyIndex("docs", undefined, {
    ...environment,
    LAKEHOUSE_TOML,
  } as NodeJS.ProcessEnv);
  expect(verified).toMatchObject({ equal: true, files: 1 });
  expect(verified.index.rows).toBe(300);
  await rm(folder, { recursive: true });
});
