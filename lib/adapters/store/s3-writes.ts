import { setTimeout as sleep } from "node:timers/promises";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { limits } from "../../config/limits.ts";
import type { Bucket } from "../../domain/bucket.ts";
import { DomainError } from "../../domain/errors.ts";
import type { WriteCondition } from "../../domain/ports.ts";
import { s3ClientFor } from "./s3-client.ts";
import { storeError } from "./s3-errors.ts";
import { s3Location } from "./s3-location.ts";

/** What changes a bucket, through the AWS client. */
export function s3WritesTo(bucket: Bucket, maxCopyBytes: number): S3Writes {
  return new S3Writes(s3ClientFor(bucket), bucket.root, maxCopyBytes);
}

/** The half of an S3 store that writes. */
export class S3Writes {
  #proof: Promise<void> | undefined;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #maxCopyBytes: number;

  constructor(client: S3Client, root: string, maxCopyBytes: number) {
    this.#maxCopyBytes = maxCopyBytes;
    const { Bucket, prefix } = s3Location(root);
    this.#client = client;
    this.#bucket = Bucket;
    this.#prefix = prefix;
  }

  /** @returns the ETag of what was written. @throws Conflict when the condition does not hold */
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

  /** A thousand at most. @throws when one of them cannot be deleted */
  async delete(keys: string[]): Promise<void> {
    const Objects = keys.map((key) => ({ Key: this.#prefix + key }));
    const command = new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } });
    const { Errors = [] } = await classified(() => this.#client.send(command));
    if (Errors.length > 0) throw notDeleted(Errors);
  }

  /** @param bytes of the object: one request copies 5 GiB at most */
  async copy(from: string, to: string, bytes: number): Promise<void> {
    const CopySource = encodeURI(`${this.#bucket}/${this.#prefix}${from}`);
    if (bytes > this.#maxCopyBytes) await this.#copyInParts(CopySource, to, bytes);
    else
      await classified(() =>
        this.#client.send(new CopyObjectCommand({ ...this.#at(to), CopySource }), copyOptions),
      );
  }

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

async function classified<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined, error);
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
