/** A condition on a write: only if absent, or only if the stored version is the one that was read. */
export type WriteCondition = { ifNoneMatch: "*" } | { ifMatch: string };

export interface ObjectStat {
  bytes: number;
  /** Another one when the object is replaced or changed. */
  identity: string;
}

export interface ListedObject {
  key: string;
  bytes: number;
  /** As `get` tells it of the same bytes; empty where a store's listing has none. */
  identity: string;
  /** When it was written, in milliseconds. */
  modifiedMs: number;
}

/**
 * One bucket's objects, by key relative to its root. Every call has a deadline of its own.
 * @throws StoreUnavailable, StoreAccessDenied, StoreCredentialsRefused, StoreCredentialsExpired, StoreClockSkewed,
 * StoreBucketMissing; what writes also StoreFull, BucketReadOnly
 */
export interface ObjectStore {
  get(key: string): Promise<{ body: Uint8Array; etag: string; identity: string } | undefined>;
  /** Atomic. @returns the new version's ETag. @throws Conflict when the condition does not hold */
  put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<string>;
  /** Keys that start with the prefix, ascending, after `after`. */
  list(prefix: string, options?: { after?: string; limit?: number }): Promise<ListedObject[]>;
  /** Removes every object whose key starts with the prefix (a folder: ends with `/`). */
  deletePrefix(prefix: string): Promise<void>;
  /** Removes objects; one that is not there is no error. */
  delete(keys: string[]): Promise<void>;
  /**
   * Bytes from start (inclusive) to end (exclusive); fewer where the object ends before.
   * @param identity of what is to be read, as `stat` told it
   * @throws SourceChanged where it is another object by now, or none
   */
  read(key: string, start: number, end: number, identity?: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The same, as many bytes as there is memory for, into that memory. @returns how many there were */
  readInto(key: string, start: number, into: Uint8Array, identity?: string): Promise<number>;
  /** Undefined where there is no such object. */
  stat(key: string): Promise<ObjectStat | undefined>;
  /** Copies inside the bucket without moving bytes through this process where the store can. */
  copy(from: string, to: string): Promise<void>;
  /** Makes sure, once, that conditional writes hold here. @throws StoreUnsuitable, BucketReadOnly */
  ensureWritable(): Promise<void>;
}

export type Stores = (bucket: string) => ObjectStore;
