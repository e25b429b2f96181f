import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CreateBucketCommand, DeleteBucketCommand } from "@aws-sdk/client-s3";
import { s3ClientFor } from "../../lib/adapters/store/s3-client.ts";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import { storesFor } from "../../lib/adapters/store/stores.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { type Container, createContainer } from "../../lib/container.ts";
import type { Bucket, Credentials } from "../../lib/domain/bucket.ts";
import type { Stores } from "../../lib/domain/object-store.ts";

export interface S3Place {
  endpoint: string;
  credentials: Credentials;
}

/** A lakehouse in a bucket of its own on an S3-compatible store: `primary` is a prefix of it, `s3:NAME` the bucket. */
export interface S3Lakehouse {
  name: string;
  /** The alias `s3:NAME`. */
  bucket: string;
  declared: Bucket;
  environment: Record<string, string>;
  stores: Stores;
  /** A container on it, as a process of ours would have; where `endpoint` is a proxy's, it works through that. */
  open(more?: Record<string, string>): Container;
  remove(): Promise<void>;
}

/** @param more of its lakehouse.toml */
export async function createS3Lakehouse({ endpoint, credentials }: S3Place, more = ""): Promise<S3Lakehouse> {
  const name = `lake-${randomUUID().slice(0, 13)}`;
  const folder = await mkdtemp(join(tmpdir(), "s3-lakehouse-"));
  const toml = join(folder, "lakehouse.toml");
  await writeFile(toml, `${declaration(name)}${more}`);
  const environment = environmentOf(toml, endpoint, credentials);
  const buckets = loadBuckets(readEnvironment(environment));
  const stores = storesFor(buckets);
  const client = s3ClientFor(buckets.get("primary"));
  await client.send(new CreateBucketCommand({ Bucket: name }));
  const containers: Container[] = [];
  return {
    name,
    bucket: `s3:${name}`,
    declared: buckets.get(`s3:${name}`),
    environment,
    stores,
    open: (more = {}) => {
      const parsed = readEnvironment({ ...environment, ...more });
      const opened = createContainer(parsed, loadBuckets(parsed));
      containers.push(opened);
      return opened;
    },
    remove: async () => {
      await Promise.all(containers.map((opened) => opened.close()));
      await new S3Store({ ...buckets.get("primary"), root: `s3://${name}` }).deletePrefix("");
      await client.send(new DeleteBucketCommand({ Bucket: name }));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function environmentOf(toml: string, endpoint: string, credentials: Credentials): Record<string, string> {
  return {
    LAKEHOUSE_TOML: toml,
    RETIRE_AFTER_MS: "0",
    AWS_ENDPOINT: endpoint,
    STORE_ACCESS_KEY_ID: credentials.accessKeyId,
    STORE_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    STORE_SESSION_TOKEN: credentials.sessionToken ?? "",
  };
}

function declaration(bucket: string): string {
  return `
[[storage.buckets]]
name = "primary"
backend = "s3"
bucket = "${bucket}"
prefix = "primary"
credentials = "store"

[[storage.buckets]]
name = "s3:${bucket}"
credentials = "store"

[[storage.buckets]]
name = "examples"
path = ${JSON.stringify(resolve("examples"))}
read_only = true
`;
}
