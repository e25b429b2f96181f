import { setTimeout as sleep } from "node:timers/promises";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { limits } from "../../config/limits.ts";
import type { Bucket } from "../../domain/bucket.ts";
import { DomainError } from "../../domain/errors.ts";
import type { ObjectStore, WriteCondition } from "../../domain/ports.ts";

/** Splits `s3://bucket/prefix` into the bucket and the prefix with its trailing slash. */
export function s3Location(root: string): { Bucket: string; prefix: string } {
  const [Bucket = "", ...segments] = root.slice("s3://".length).split("/");
  return { Bucket, prefix: segments.length > 0 ? `${segments.join("/")}/` : "" };
}

/** A client for a bucket's endpoint; path style, which every S3-compatible store understands. */
export function s3ClientFor(bucket: Bucket): S3Client {
  return new S3Client({
    region: bucket.region,
    ...(bucket.endpoint ? { endpoint: bucket.endpoint, forcePathStyle: true } : {}),
    ...(bucket.credentials ? { credentials: bucket.credentials } : {}),
    maxAttempts,
    requestHandler: {
      requestTimeout: limits.storeTimeoutMs,
      throwOnRequestTimeout: true, // or it only warns
      connectionTimeout: 3_000,
    },
  });
}

/** An S3-compatible bucket (or a prefix of one) as an object store. */
export class S3Store implements ObjectStore {
  #proof: Promise<void> | undefined;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  readonly #maxCopyBytes: number;

  constructor(client: S3Client, root: string, maxCopyBytes: number = limits.maxCopyBytes) {
    this.#maxCopyBytes = maxCopyBytes;
    const { Bucket, prefix } = s3Location(root);
    this.#client = client;
    this.#bucket = Bucket;
    this.#prefix = prefix;
  }

  async get(key: string) {
    return absentAsUndefined(() => this.#download(new GetObjectCommand(this.#at(key)), 0));
  }

  async put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<string> {
    await this.ensureWritable();
    return this.#put(key, body, condition);
  }

  async ensureWritable(): Promise<void> {
    this.#proof ??= this.#proveConditionalWrites();
    const proof = this.#proof;
    await proof.catch((error) => {
      if (this.#proof === proof) this.#proof = undefined;
      throw error;
    });
  }

  /** The marker stays: whoever comes later has the proof with two requests. */
  async #proveConditionalWrites(): Promise<void> {
    const created = !(await this.#refusesMarker({ ifNoneMatch: "*" }));
    if (created && !(await this.#refusesMarker({ ifNoneMatch: "*" }))) throw unsuitable("If-None-Match");
    if (!(await this.#refusesMarker({ ifMatch: '"of-no-object"' }))) throw unsuitable("If-Match");
  }

  async #refusesMarker(condition: WriteCondition): Promise<boolean> {
    try {
      await this.#put(markerKey, new Uint8Array(), condition);
      return false;
    } catch (error) {
      if (error instanceof DomainError && error.kind === "Conflict") return true;
      throw error;
    }
  }

  async #put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<string> {
    const conditions =
      condition && ("ifMatch" in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: "*" });
    const command = () => new PutObjectCommand({ ...this.#at(key), Body: body, ...conditions });
    return classified(async () => (await whenFree(() => this.#client.send(command()))).ETag ?? "");
  }

  async list(
    prefix: string,
    { after, limit = Number.POSITIVE_INFINITY }: { after?: string; limit?: number } = {},
  ) {
    const found: { key: string; bytes: number }[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await classified(() =>
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix + prefix,
            ...(after === undefined ? {} : { StartAfter: this.#prefix + after }),
            MaxKeys: Math.min(1_000, limit - found.length),
            ContinuationToken,
          }),
        ),
      );
      for (const { Key = "", Size = 0 } of page.Contents ?? [])
        found.push({ key: Key.slice(this.#prefix.length), bytes: Size });
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken && found.length < limit);
    return found;
  }

  async deletePrefix(prefix: string): Promise<void> {
    for (;;) {
      const page = await this.list(prefix, { limit: 1_000 });
      if (page.length === 0) return;
      const Objects = page.map(({ key }) => ({ Key: this.#prefix + key }));
      const { Errors = [] } = await classified(() =>
        this.#client.send(
          new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }),
        ),
      );
      if (Errors.length > 0) throw notDeleted(Errors);
    }
  }

  async read(key: string, start: number, end: number) {
    const range = { ...this.#at(key), Range: `bytes=${start}-${end - 1}` };
    return (await classified(() => this.#download(new GetObjectCommand(range), end - start))).body;
  }

  async bytesOf(key: string): Promise<number | undefined> {
    return absentAsUndefined(
      async () => (await this.#client.send(new HeadObjectCommand(this.#at(key)))).ContentLength,
    );
  }

  async copy(from: string, to: string): Promise<void> {
    const CopySource = encodeURI(`${this.#bucket}/${this.#prefix}${from}`);
    const bytes = (await this.bytesOf(from)) ?? 0;
    if (bytes > this.#maxCopyBytes) await this.#copyInParts(CopySource, to, bytes);
    else
      await classified(() =>
        this.#client.send(new CopyObjectCommand({ ...this.#at(to), CopySource }), copyOptions),
      );
  }

  /** One request copies 5 GiB at most. */
  async #copyInParts(CopySource: string, to: string, bytes: number): Promise<void> {
    await classified(async () => {
      const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(this.#at(to)));
      const upload = { ...this.#at(to), UploadId };
      try {
        const Parts = await this.#copyParts(upload, CopySource, bytes);
        const whole = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
        await this.#client.send(whole, copyOptions);
      } catch (error) {
        await this.#client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined); // or its parts are paid for
        throw error;
      }
    });
  }

  async #copyParts(upload: UploadId, CopySource: string, bytes: number): Promise<CompletedPart[]> {
    const parts: CompletedPart[] = [];
    for (let start = 0; start < bytes; start += this.#maxCopyBytes) {
      const end = Math.min(bytes, start + this.#maxCopyBytes) - 1;
      const part = { PartNumber: parts.length + 1, CopySourceRange: `bytes=${start}-${end}` };
      const command = new UploadPartCopyCommand({ ...upload, ...part, CopySource });
      const { CopyPartResult } = await this.#client.send(command, copyOptions);
      parts.push({ PartNumber: part.PartNumber, ETag: CopyPartResult?.ETag });
    }
    return parts;
  }

  /** The client asks again until an answer begins; one that breaks off or stalls is asked for again here. */
  async #download(command: GetObjectCommand, bytes: number) {
    for (let attempt = 1; ; attempt++) {
      const abortSignal = AbortSignal.timeout(
        2 * limits.storeTimeoutMs + Math.ceil(bytes / limits.leastBytesPerMs),
      );
      const found = await this.#client.send(command, { abortSignal });
      try {
        const body = new Uint8Array((await found.Body?.transformToByteArray()) ?? []);
        return { body, etag: found.ETag ?? "" };
      } catch (error) {
        if (attempt === maxAttempts) throw error;
        await sleep(attempt * 100 * Math.random());
      }
    }
  }

  #at(key: string) {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }
}

interface UploadId {
  Bucket: string;
  Key: string;
  UploadId: string | undefined;
}

/** A store answers a copy when it has made it. */
const copyOptions = { requestTimeout: limits.copyTimeoutMs };

/** Written to show that a second writer of a key is refused. */
const markerKey = ".conditional-writes";

/** The answer to a deletion is 200 also when objects could not be deleted. */
function notDeleted(errors: { Code?: string }[]): DomainError {
  const detail = `the store refuses to delete ${errors.length} objects`;
  const denied = errors.some(({ Code }) => Code === "AccessDenied");
  return new DomainError(denied ? "BucketReadOnly" : "StoreUnavailable", detail);
}

function unsuitable(header: string): DomainError {
  return new DomainError(
    "StoreUnsuitable",
    `the store ignores ${header}: a write whose condition does not hold must be answered with 412, or two writers would overwrite each other`,
  );
}

async function absentAsUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
    throw classify(error);
  }
}

async function classified<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw classify(error);
  }
}

/** 409: another conditional write of the key is under way; who won is known when it has ended. */
async function whenFree<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const busy = error instanceof S3ServiceException && error.$metadata.httpStatusCode === 409;
      if (!busy || attempt === maxBusyAttempts) throw error;
      await sleep(attempt * 50 * (1 + Math.random()));
    }
  }
}

const maxBusyAttempts = 6;
const maxAttempts = 4;

/** 412: the condition does not hold; 409: it could not be found out. */
function classify(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  if (status === 412 || status === 409)
    return new DomainError("Conflict", "the object was changed by somebody else", { cause: error });
  if (status === 403)
    return new DomainError("BucketReadOnly", "the store refuses the access", { cause: error });
  return new DomainError("StoreUnavailable", "the object store failed", { cause: error });
}
