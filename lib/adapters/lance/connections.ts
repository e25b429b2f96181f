import { type Connection, connect, Session } from "@lancedb/lancedb";
import { limits } from "../../config/limits.ts";
import { type Bucket, type Buckets, lanceUriFor } from "../../domain/bucket.ts";
import "../arrow/byte-order-marks.ts";
import { BucketFolder } from "../store/bucket-folder.ts";
import { lanceCall } from "./lance-errors.ts";
import { RowMemory } from "./row-memory.ts";
import { storageOptionsOf } from "./storage-options.ts";

/** The sizes of a Session's caches: shares of the function's memory, where LanceDB would take 6 GB and 1 GB. */
export function cacheBytes(memoryMb: number): { index: bigint; metadata: bigint; rows: number } {
  const share = (part: number) => Math.round(memoryMb * 1_048_576 * part);
  return {
    index: BigInt(share(limits.indexCacheShare)),
    metadata: BigInt(share(limits.metadataCacheShare)),
    rows: share(limits.residentRowsShare),
  };
}

/**
 * LanceDB databases by bucket and index, all with one Session whose caches are a share of the function's memory, as are
 * the rows that are held of their tables.
 */
export class LanceConnections {
  readonly rows: RowMemory;
  readonly #buckets: Buckets;
  readonly #session: Session;
  readonly #open = new Map<string, Promise<Connection>>();

  constructor(buckets: Buckets, memoryMb: number) {
    const { index, metadata, rows } = cacheBytes(memoryMb);
    this.rows = new RowMemory(rows);
    this.#buckets = buckets;
    this.#session = new Session(index, metadata);
  }

  async get(bucket: string, index: string): Promise<Connection> {
    const uri = lanceUriFor(this.#buckets, bucket, index);
    const known = this.#open.get(uri);
    if (known) return known;
    const opening = this.#connected(this.#buckets.get(bucket), uri);
    this.#open.set(uri, opening);
    opening.catch(() => this.#open.delete(uri));
    return opening;
  }

  async #connected(bucket: Bucket, uri: string): Promise<Connection> {
    if (bucket.backend === "local") await new BucketFolder(bucket.root).refuseLinksOut(uri);
    const options = { storageOptions: storageOptionsOf(bucket) };
    return lanceCall(limits.openTimeoutMs, () => connect(uri, options, this.#session));
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
}
