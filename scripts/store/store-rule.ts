import type { Bucket } from "../../lib/domain/bucket.ts";
import type { ObjectStore } from "../../lib/domain/object-store.ts";

/** An empty root on a store: a folder, or a prefix of a bucket that is told. */
export interface StorePlace {
  /** Another client of the same root, as another process has. */
  open(): ObjectStore;
}

export interface S3Place extends StorePlace {
  bucket: Bucket;
}

/** One thing that has to hold of a store, on an empty root of its own. */
export interface StoreRule<P extends StorePlace = StorePlace> {
  name: string;
  /** What it would mean if it did not hold. */
  otherwise: string;
  /** @throws what was seen instead */
  check(place: P): Promise<void>;
}

export const bytes = (text: string) => new TextEncoder().encode(text);

export const textOf = (stored: { body: Uint8Array } | undefined) =>
  stored && new TextDecoder().decode(stored.body);

export async function keysOf(
  store: ObjectStore,
  prefix: string,
  options?: { after?: string; limit?: number },
) {
  return (await store.list(prefix, options)).map(({ key }) => key);
}
