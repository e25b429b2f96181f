import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../../config/limits.ts";
import type { Bucket } from "../../domain/bucket.ts";
import { DomainError } from "../../domain/errors.ts";
import type { ListedObject, ObjectStat, ObjectStore, WriteCondition } from "../../domain/object-store.ts";
import { sourceChanged } from "../../domain/source/source-changed.ts";
import { ConditionalWrites } from "./conditional-writes.ts";
import type { S3CopyAndDelete } from "./s3-copy-and-delete.ts";
import { storeError, toldByCode } from "./s3-errors.ts";
import { parseListing } from "./s3-listing.ts";
import { s3Location } from "./s3-location.ts";
import { type S3Answer, type S3Question, S3Requests } from "./s3-request.ts";

/** An S3-compatible bucket (or a prefix of one) as an object store. Only copies and deletions load the AWS client. */
export class S3Store implements ObjectStore {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #maxCopyBytes: number;
  readonly #requests: S3Requests;
  readonly #conditions = new ConditionalWrites((key, condition) =>
    this.#put(key, new Uint8Array(), condition),
  );
  #copyAndDelete: Promise<S3CopyAndDelete> | undefined;

  /** @param bucket of an S3 backend @param maxCopyBytes of one request that copies */
  constructor(bucket: Bucket, maxCopyBytes: number = limits.maxCopyBytes) {
    this.#bucket = bucket;
    this.#prefix = s3Location(bucket.root).prefix;
    this.#maxCopyBytes = maxCopyBytes;
    this.#requests = new S3Requests(bucket);
  }

  async get(key: string) {
    const answer = await this.#askForObject({ method: "GET", key });
    return answer && { body: answer.body, etag: answer.headers.etag ?? "", identity: identityOf(answer) };
  }

  async read(key: string, start: number, end: number, identity?: string) {
    const bytes = new Uint8Array(end - start);
    return bytes.subarray(0, await this.readInto(key, start, bytes, identity));
  }

  /** The answer's ETag is compared, too: not every store knows If-Match of reads. */
  async readInto(key: string, start: number, into: Uint8Array, identity?: string): Promise<number> {
    const headers = { range: `bytes=${start}-${start + into.length - 1}`, ...ifStill(identity) };
    const answer = await this.#answerTo({ method: "GET", key: this.#prefix + key, headers, into });
    if (identity !== undefined) refuseChanged(key, answer, identity);
    const { status, body } = accepted(answer);
    if (status === 206 && body.buffer === into.buffer) return body.length;
    throw storeError(new Error(`bytes of an object were asked for, not those came (${status})`));
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    const answer = await this.#answerTo({ method: "HEAD", key: this.#prefix + key });
    if (answer.status >= 500) accepted(answer);
    if (answer.status !== 200) return this.#whyNot(key, answer);
    return { bytes: Number(answer.headers["content-length"]), identity: identityOf(answer) };
  }

  /** The answer to HEAD has no words: that to another request says whether the object or the bucket is missing, or what else is wrong. */
  async #whyNot(key: string, { status }: S3Answer): Promise<undefined> {
    const answer = await this.#askForObject({ method: "GET", key, headers: { range: "bytes=0-0" } });
    if (answer) throw storeError(new Error(`${status} to HEAD, ${answer.status} to GET`));
  }

  async list(
    prefix: string,
    { after, limit = Number.POSITIVE_INFINITY }: { after?: string; limit?: number } = {},
  ) {
    const found: ListedObject[] = [];
    let continuation: string | undefined;
    do {
      const page = await this.#page(prefix, Math.min(1_000, limit - found.length), after, continuation);
      for (const one of page.objects) found.push({ ...one, key: one.key.slice(this.#prefix.length) });
      continuation = page.continuation;
    } while (continuation && found.length < limit);
    return found;
  }

  async put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<string> {
    await this.ensureWritable();
    return this.#writing(() => this.#put(key, body, condition));
  }

  async ensureWritable(): Promise<void> {
    await this.#writing(() => this.#conditions.prove());
  }

  async copy(from: string, to: string): Promise<void> {
    const bytes = (await this.stat(from))?.bytes ?? 0;
    return (await this.#copying()).copy(from, to, bytes);
  }

  /** A store that refuses to write may refuse to read, too: that is said then, as read-only is what can be read. */
  async #writing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DomainError && error.kind === "BucketReadOnly") await this.list("", { limit: 1 });
      throw error;
    }
  }

  async deletePrefix(prefix: string): Promise<void> {
    for (;;) {
      const page = await this.list(prefix, { limit: 1_000 });
      if (page.length === 0) return;
      await (await this.#copying()).delete(page.map(({ key }) => key));
    }
  }

  async delete(keys: string[]): Promise<void> {
    for (let i = 0; i < keys.length; i += 1_000)
      await (await this.#copying()).delete(keys.slice(i, i + 1_000));
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

  /** @throws also that there is no such bucket, which is not that there is no such object */
  async #answerTo(question: S3Question): Promise<S3Answer> {
    const answer = await this.#requests.ask(question).catch((error) => {
      throw storeError(error);
    });
    const missing = answer.status === 404 ? toldByCode(wordsOf(answer), false) : undefined;
    if (missing) throw missing;
    return answer;
  }

  /** 409: another conditional write of the key is under way; who won is known when it has ended. */
  async #put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<string> {
    const headers = conditionHeaders(condition);
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#answerTo({ method: "PUT", key: this.#prefix + key, headers, body });
      if (answer.status !== 409 || attempt === maxBusyAttempts)
        return accepted(answer, true).headers.etag ?? "";
      await sleep(attempt * 50 * (1 + Math.random()));
    }
  }

  #copying(): Promise<S3CopyAndDelete> {
    this.#copyAndDelete ??= import("./s3-copy-and-delete.ts").then(
      ({ S3CopyAndDelete }) => new S3CopyAndDelete(this.#bucket, this.#maxCopyBytes),
    );
    return this.#copyAndDelete;
  }
}

const maxBusyAttempts = 6;

function conditionHeaders(condition: WriteCondition | undefined): Record<string, string> {
  if (!condition) return {};
  return "ifMatch" in condition ? { "if-match": condition.ifMatch } : { "if-none-match": "*" };
}

/** The ETag; where a store has none, when the object was last written. */
const identityOf = ({ headers }: S3Answer) => headers.etag ?? headers["last-modified"] ?? "";

/** A weak ETag (`W/`), as proxies make them, and a date never match. */
const ifStill = (identity = ""): Record<string, string> =>
  identity.startsWith('"') ? { "if-match": identity } : {};

/** @throws SourceChanged; a file that was planned from end to end is never asked for more than it has (416) */
function refuseChanged(key: string, answer: S3Answer, identity: string): void {
  if (answer.status === 404) throw sourceChanged(key, "is gone");
  const isOther = answer.status === 206 && identityOf(answer) !== identity;
  if (isOther || answer.status === 412 || answer.status === 416) throw sourceChanged(key);
}

/** @throws what the answer means; the store's words are its cause */
function accepted(answer: S3Answer, writes = false): S3Answer {
  const { status } = answer;
  if (status >= 200 && status < 300) return answer;
  throw storeError(wordsOf(answer), { status, writes });
}

const wordsOf = ({ status, body }: S3Answer) => new Error(`${status}: ${new TextDecoder().decode(body)}`);
