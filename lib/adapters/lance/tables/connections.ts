import { type Connection, connect, Session } from "@lancedb/lancedb";
import { maxDescriptors, maxOpenIndexes } from "../../../config/descriptors.ts";
import { limits } from "../../../config/limits.ts";
import { type Bucket, type Buckets, lanceUriFor } from "../../../domain/bucket.ts";
import { type Fallbacks, unobserved } from "../../../domain/fallbacks.ts";
import "../../arrow/byte-order-marks.ts";
import { Places } from "../../places.ts";
import { BucketFolder } from "../../store/bucket-folder.ts";
import { lanceCall } from "../lance-errors.ts";
import { RowMemory } from "../rows/row-memory.ts";
import "./compute-threads.ts";
import { inOwnFolder } from "./own-folder.ts";
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

/** A connection that stays open until it is released. */
export interface LeasedConnection {
  connection: Connection;
  release(): void;
}

interface Shared {
  opening: Promise<Connection>;
  users: number;
}

/**
 * LanceDB databases by bucket and index, all with one Session whose caches are a share of the function's memory, as are
 * the rows that are held of their tables.
 *
 * LanceDB gives every connection sockets of its own, so they are counted by those who use them: of those without a user
 * a few stay open for the next, the others are closed.
 */
export class LanceConnections {
  readonly rows: RowMemory;
  /** Told by all who work with them. */
  readonly fallbacks: Fallbacks;
  /** Indexes that may be open for searches at a time. */
  readonly maxOpenIndexes: number;
  readonly #buckets: Buckets;
  readonly #session: Session;
  /** The least recently used first. */
  readonly #open = new Map<string, Shared>();
  readonly #tasks = new Places(limits.connectionsOfTasks);
  #isClosed = false;

  constructor(buckets: Buckets, memoryMb: number, fallbacks = unobserved, descriptors = maxDescriptors()) {
    this.fallbacks = fallbacks;
    const { index, metadata, rows } = cacheBytes(memoryMb);
    const isRemote = buckets.all().some(({ backend }) => backend === "s3");
    this.maxOpenIndexes = maxOpenIndexes(memoryMb, descriptors, isRemote);
    this.rows = new RowMemory(rows);
    this.#buckets = buckets;
    this.#session = new Session(index, metadata);
  }

  /** Does some work of a task with a connection; so many tasks at a time, as each has sockets of its own. */
  async use<T>(bucket: string, index: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#tasks.hold(limits.connectionWaitMs, async () => {
      const { connection, release } = await this.lease(bucket, index);
      try {
        return await work(connection);
      } finally {
        release();
      }
    });
  }

  /** For those who bound by themselves how many they have. */
  async lease(bucket: string, index: string): Promise<LeasedConnection> {
    const uri = lanceUriFor(this.#buckets, bucket, index);
    const shared = this.#open.get(uri) ?? this.#connect(bucket, uri);
    this.#open.delete(uri);
    this.#open.set(uri, shared);
    shared.users += 1;
    try {
      const connection = await shared.opening;
      return { connection, release: once(() => this.#release(shared)) };
    } catch (error) {
      if (this.#open.get(uri) === shared) this.#open.delete(uri);
      throw error;
    }
  }

  #connect(bucket: string, uri: string): Shared {
    return { opening: this.#connected(this.#buckets.get(bucket), uri), users: 0 };
  }

  #release(shared: Shared): void {
    shared.users -= 1;
    if (this.#isClosed && shared.users === 0) void closed(shared.opening);
    const unused = [...this.#open].filter(([, { users }]) => users === 0);
    for (const [uri, { opening }] of unused.slice(0, -limits.unusedConnections)) {
      this.#open.delete(uri);
      closed(opening);
    }
  }

  async #connected(bucket: Bucket, uri: string): Promise<Connection> {
    if (bucket.backend === "local") await new BucketFolder(bucket.root).refuseLinksOut(uri);
    const options = { storageOptions: storageOptionsOf(bucket) };
    return lanceCall(limits.openTimeoutMs, () => inOwnFolder(() => connect(uri, options, this.#session)));
  }

  isRemote(bucket: string): boolean {
    return this.#buckets.get(bucket).backend === "s3";
  }

  /** A database in a folder of this machine, with the same caches; its user closes it. */
  async onDisk(folder: string): Promise<Connection> {
    return lanceCall(limits.openTimeoutMs, () => inOwnFolder(() => connect(folder, {}, this.#session)));
  }

  /** Those in use when they are released, at the latest. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map(({ opening }) => closed(opening)));
  }
}

/** One that was never open is no error, nor one in use: LanceDB closes none that a call is under way with. */
async function closed(opening: Promise<Connection>): Promise<void> {
  await opening.then((connection) => connection.close()).catch(() => undefined);
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}
