import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  BucketAlreadyOwnedByYou,
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from "@aws-sdk/client-s3";
import { runFolders } from "../scripts/stack/folders.ts";
import { choosePorts } from "../scripts/stack/ports.ts";
import { endGroup } from "../scripts/stack/process-group.ts";
import type { ProcessIdentity } from "../scripts/stack/process-identity.ts";
import { provisionMinio } from "../scripts/stack/provision-minio.ts";
import { minioCredentials } from "../scripts/stack/stack-environment.ts";
import { minioHealth, startMinio } from "../scripts/stack/start-minio.ts";
import { waitForService } from "../scripts/stack/wait-for-service.ts";
import { cache, setsFolder } from "./bench-set.ts";

const bucket = "bench";
const region = "us-east-1";

/** MinIO as a process of this run, empty but for the bucket `bench`. */
export class BenchStore {
  readonly endpoint: string;
  readonly #client: S3Client;

  constructor(endpoint: string) {
    this.endpoint = endpoint;
    this.#client = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: minioCredentials,
    });
  }

  /** What a process needs to reach it. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT: this.endpoint,
      MINIO_ACCESS_KEY_ID: minioCredentials.accessKeyId,
      MINIO_SECRET_ACCESS_KEY: minioCredentials.secretAccessKey,
    };
  }

  /** What LanceDB and pylance need to reach it. */
  get storageOptions(): Record<string, string> {
    return {
      aws_endpoint: this.endpoint,
      aws_region: region,
      allow_http: "true",
      aws_access_key_id: minioCredentials.accessKeyId,
      aws_secret_access_key: minioCredentials.secretAccessKey,
    };
  }

  uriOf(key: string): string {
    return `s3://${bucket}/${key}`;
  }

  /** No error where a kept store has it. */
  async createBucket(): Promise<void> {
    await this.#client.send(new CreateBucketCommand({ Bucket: bucket })).catch((error) => {
      if (!(error instanceof BucketAlreadyOwnedByYou)) throw error;
    });
  }

  async has(key: string): Promise<boolean> {
    return (await this.#keysWith(key)).includes(key);
  }

  /** Puts a set beside the indexes. @returns the source of a migration */
  async upload(set: string): Promise<string> {
    const path = join(setsFolder, set);
    const [Key, { size }] = [`source/${set}`, await stat(path)];
    const Body = createReadStream(path);
    await this.#client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentLength: size }));
    return `s3:${bucket}/${Key}`;
  }

  /** Copies every object under one folder to another. */
  async copy(from: string, to: string): Promise<void> {
    for (const Key of await this.#keysUnder(from)) {
      const CopySource = encodeURIComponent(`${bucket}/${Key}`);
      await this.#client.send(
        new CopyObjectCommand({ Bucket: bucket, CopySource, Key: to + Key.slice(from.length) }),
      );
    }
  }

  async remove(folder: string): Promise<void> {
    for (const Key of await this.#keysUnder(folder))
      await this.#client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
  }

  #keysUnder(folder: string): Promise<string[]> {
    return this.#keysWith(`${folder}/`);
  }

  async #keysWith(Prefix: string): Promise<string[]> {
    const keys: string[] = [];
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: bucket, Prefix });
    for await (const { Contents = [] } of pages) keys.push(...Contents.map(({ Key = "" }) => Key));
    return keys;
  }

  close(): void {
    this.#client.destroy();
  }
}

/**
 * Runs `work` with a store that ends with it, and when this process is told to end.
 * @param kept whether what lies in it is there at the next run
 */
export async function withStore<T>(work: (store: BenchStore) => Promise<T>, kept = false): Promise<T> {
  const binary = await provisionMinio();
  await mkdir(cache, { recursive: true });
  const run = resolve(kept ? join(cache, "kept-minio") : await mkdtemp(join(cache, "minio-")));
  let minio: ProcessIdentity | undefined;
  const end = async () => {
    await endGroup(minio);
    if (!kept) await rm(run, { recursive: true, force: true });
  };
  const endNow = () => void end().finally(() => process.exit(1));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, endNow);
  try {
    const [port = 0] = await choosePorts([0]);
    minio = await startMinio(binary, run, port);
    return await withStarted(`http://127.0.0.1:${port}`, run, minio, work);
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, endNow);
    await end();
  }
}

async function withStarted<T>(
  endpoint: string,
  run: string,
  minio: ProcessIdentity,
  work: (store: BenchStore) => Promise<T>,
): Promise<T> {
  const log = join(runFolders(run).logs, "minio.log");
  await waitForService("minio", `${endpoint}${minioHealth}`, { log, process: minio });
  const store = new BenchStore(endpoint);
  try {
    await store.createBucket();
    return await work(store);
  } finally {
    store.close();
  }
}
