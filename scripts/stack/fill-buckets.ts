import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  BucketAlreadyExists,
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { project } from "./folders.ts";
import { minioCredentials } from "./stack-environment.ts";

const buckets = ["lakehouse", "examples", "source"];
const requestTimeoutMs = 30_000;

/** Creates the buckets of localstack/lakehouse.toml and puts the examples where they belong; both may be there. */
export async function fillBuckets(endpoint: string): Promise<void> {
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: minioCredentials,
    requestHandler: { requestTimeout: requestTimeoutMs },
  });
  try {
    await Promise.all(buckets.map((bucket) => create(client, bucket)));
    const examples = join(project, "examples");
    const files = globSync("**/*.parquet", { cwd: examples });
    await Promise.all(files.map((file) => put(client, file, readFileSync(join(examples, file)))));
  } finally {
    client.destroy();
  }
}

async function create(client: S3Client, bucket: string): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (error instanceof BucketAlreadyOwnedByYou || error instanceof BucketAlreadyExists) return;
    throw error;
  }
}

async function put(client: S3Client, file: string, body: Buffer): Promise<void> {
  const key = file.replaceAll("\\", "/");
  await client.send(new PutObjectCommand({ Bucket: "examples", Key: key, Body: body }));
}
