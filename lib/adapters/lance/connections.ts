import { type Connection, connect, Session } from "@lancedb/lancedb";
import { limits } from "../../config/limits.ts";
import { type Bucket, type Buckets, lanceUriFor } from "../../domain/bucket.ts";
import { lanceCall } from "./lance-errors.ts";

/** The sizes of a Session's caches: shares of the function's memory, where LanceDB would take 6 GB and 1 GB. */
export function cacheBytes(memoryMb: number): { index: bigint; metadata: bigint } {
  const share = (part: number) => BigInt(Math.round(memoryMb * 1_048_576 * part));
  return { index: share(limits.indexCacheShare), metadata: share(limits.metadataCacheShare) };
}

/** LanceDB databases by bucket and index, all with one Session whose caches are a share of the function's memory. */
export class LanceConnections {
  readonly #buckets: Buckets;
  readonly #session: Session;
  readonly #open = new Map<string, Promise<Connection>>();

  constructor(buckets: Buckets, memoryMb: number) {
    const { index, metadata } = cacheBytes(memoryMb);
    this.#buckets = buckets;
    this.#session = new Session(index, metadata);
  }

  async get(bucket: string, index: string): Promise<Connection> {
    const uri = lanceUriFor(this.#buckets, bucket, index);
    const known = this.#open.get(uri);
    if (known) return known;
    const opening = lanceCall(limits.openTimeoutMs, () =>
      connect(uri, { storageOptions: this.#storageOptions(bucket) }, this.#session),
    );
    this.#open.set(uri, opening);
    opening.catch(() => this.#open.delete(uri));
    return opening;
  }

  isRemote(bucket: string): boolean {
    return this.#buckets.get(bucket).backend === "s3";
  }

  /** A database in a folder of this machine, with the same caches; its user closes it. */
  async onDisk(folder: string): Promise<Connection> {
    return lanceCall(limits.openTimeoutMs, () => connect(folder, {}, this.#session));
  }

  async close(): Promise<void> {
    const open = await Promise.allSettled(this.#open.values());
    this.#open.clear();
    for (const one of open) if (one.status === "fulfilled") one.value.close();
  }

  /** Without credentials of its own a bucket takes those of the environment, as every AWS client does. */
  #storageOptions(name: string): Record<string, string> {
    const bucket = this.#buckets.get(name);
    if (bucket.backend === "local") return {};
    return {
      // names as LanceDB keeps them: under any other it adds those of the environment, and either may win
      aws_region: bucket.region ?? "us-east-1",
      timeout: `${limits.storeTimeoutMs}ms`,
      connect_timeout: `${limits.storeConnectTimeoutMs}ms`,
      client_max_retries: "4",
      client_retry_timeout: "20",
      ...(bucket.endpoint
        ? { aws_endpoint: bucket.endpoint, aws_virtual_hosted_style_request: "false" }
        : {}),
      ...(bucket.allowHttp ? { allow_http: "true" } : {}),
      ...(process.env["ZZS"] ? {} : { aws_unsigned_payload: "true" }),
      ...credentialOptions(bucket),
    };
  }
}

function credentialOptions({ credentials }: Bucket): Record<string, string> {
  if (!credentials) return {};
  return {
    aws_access_key_id: credentials.accessKeyId,
    aws_secret_access_key: credentials.secretAccessKey,
    aws_session_token: credentials.sessionToken ?? "",
  };
}
