import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { limits } from "../../config/limits.ts";
import type { Bucket } from "../../domain/bucket.ts";
import type { DomainError } from "../../domain/errors.ts";
import { s3ClientFor } from "./s3-client.ts";
import { storeError } from "./s3-errors.ts";
import { s3Location } from "./s3-location.ts";

/** Copies and deletions in a bucket, through the AWS client: not every process makes any. */
export class S3CopyAndDelete {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #maxCopyBytes: number;

  /** @param maxCopyBytes of one request that copies */
  constructor(bucket: Bucket, maxCopyBytes: number) {
    const { Bucket, prefix } = s3Location(bucket.root);
    this.#client = s3ClientFor(bucket);
    this.#bucket = Bucket;
    this.#prefix = prefix;
    this.#maxCopyBytes = maxCopyBytes;
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

/** The answer to a deletion is 200 also when objects could not be deleted. */
function notDeleted(errors: { Code?: string }[]): DomainError {
  const first = errors.find(({ Code }) => Code === "AccessDenied") ?? errors[0];
  const cause = new Error(`${errors.length} objects were not deleted: <Code>${first?.Code}</Code>`);
  return storeError(cause, { writes: true });
}

async function classified<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    throw storeError(error, { status, writes: true });
  }
}
