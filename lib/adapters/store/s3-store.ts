import { limits } from "../../config/limits.ts";
import type { Bucket } from "../../domain/bucket.ts";
import type { ObjectStore, WriteCondition } from "../../domain/ports.ts";
import { storeError } from "./s3-errors.ts";
import { parseListing } from "./s3-listing.ts";
import { s3Location } from "./s3-location.ts";
import { type S3Answer, type S3Question, S3Requests } from "./s3-request.ts";
import type { S3Writes } from "./s3-writes.ts";

/** An S3-compatible bucket (or a prefix of one) as an object store. Who only reads never loads the AWS client. */
export class S3Store implements ObjectStore {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #maxCopyBytes: number;
  readonly #requests: S3Requests;
  #writes: Promise<S3Writes> | undefined;

  /** @param bucket of an S3 backend @param maxCopyBytes of one request that copies */
  constructor(bucket: Bucket, maxCopyBytes: number = limits.maxCopyBytes) {
    this.#bucket = bucket;
    this.#prefix = s3Location(bucket.root).prefix;
    this.#maxCopyBytes = maxCopyBytes;
    this.#requests = new S3Requests(bucket);
  }

  async get(key: string) {
    const answer = await this.#askForObject({ method: "GET", key });
    return answer && { body: answer.body, etag: answer.headers.etag ?? "" };
  }

  async read(key: string, start: number, end: number) {
    const bytes = new Uint8Array(end - start);
    return bytes.subarray(0, await this.readInto(key, start, bytes));
  }

  async readInto(key: string, start: number, into: Uint8Array): Promise<number> {
    const headers = { range: `bytes=${start}-${start + into.length - 1}` };
    const { status, body } = await this.#ask({ method: "GET", key: this.#prefix + key, headers, into });
    if (status === 206 && body.buffer === into.buffer) return body.length;
    throw storeError(undefined, new Error(`bytes of an object were asked for, not those came (${status})`));
  }

  async bytesOf(key: string): Promise<number | undefined> {
    const answer = await this.#askForObject({ method: "HEAD", key });
    return answer && Number(answer.headers["content-length"]);
  }

  async list(
    prefix: string,
    { after, limit = Number.POSITIVE_INFINITY }: { after?: string; limit?: number } = {},
  ) {
    const found: { key: string; bytes: number }[] = [];
    let continuation: string | undefined;
    do {
      const page = await this.#page(prefix, Math.min(1_000, limit - found.length), after, continuation);
      for (const { key, bytes } of page.objects) found.push({ key: key.slice(this.#prefix.length), bytes });
      continuation = page.continuation;
    } while (continuation && found.length < limit);
    return found;
  }

  async put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<string> {
    return (await this.#writing()).put(key, body, condition);
  }

  async ensureWritable(): Promise<void> {
    return (await this.#writing()).ensureWritable();
  }

  async copy(from: string, to: string): Promise<void> {
    const bytes = (await this.bytesOf(from)) ?? 0;
    return (await this.#writing()).copy(from, to, bytes);
  }

  async deletePrefix(prefix: string): Promise<void> {
    for (;;) {
      const page = await this.list(prefix, { limit: 1_000 });
      if (page.length === 0) return;
      await (await this.#writing()).delete(page.map(({ key }) => key));
    }
  }

  async #page(prefix: string, limit: number, after: string | undefined, continuation: string | undefined) {
    const query = {
      "list-type": "2",
      "max-keys": String(limit),
      prefix: this.#prefix + prefix,
      ...(after === undefined ? {} : { "start-after": this.#prefix + after }),
      ...(continuation === undefined ? {} : { "continuation-token": continuation }),
    };
    const { body } = await this.#ask({ method: "GET", query });
    return parseListing(new TextDecoder().decode(body));
  }

  /** @returns undefined when there is no such object */
  async #askForObject({ key, ...question }: S3Question): Promise<S3Answer | undefined> {
    const answer = await this.#answerTo({ ...question, key: this.#prefix + key });
    return answer.status === 404 ? undefined : accepted(answer);
  }

  async #ask(question: S3Question): Promise<S3Answer> {
    return accepted(await this.#answerTo(question));
  }

  async #answerTo(question: S3Question): Promise<S3Answer> {
    try {
      return await this.#requests.ask(question);
    } catch (error) {
      throw storeError(undefined, error);
    }
  }

  #writing(): Promise<S3Writes> {
    this.#writes ??= import("./s3-writes.ts").then((loaded) =>
      loaded.s3WritesTo(this.#bucket, this.#maxCopyBytes),
    );
    return this.#writes;
  }
}

/** @throws what the status means; the store's words are its cause */
function accepted(answer: S3Answer): S3Answer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw storeError(answer.status, new Error(`${answer.status}: ${new TextDecoder().decode(answer.body)}`));
}
