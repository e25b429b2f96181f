import type { Buckets } from "../../domain/bucket.ts";
import { unobserved } from "../../domain/fallbacks.ts";
import type { ObjectStore, Stores } from "../../domain/object-store.ts";
import { LocalStore } from "./local-store.ts";
import { S3Store } from "./s3-store.ts";

/** The stores of the registered buckets, each opened at its first use. */
export function storesFor(buckets: Buckets, fallbacks = unobserved): Stores {
  const known = new Map<string, ObjectStore>();
  return (name) => {
    const bucket = buckets.get(name);
    const store =
      known.get(name) ??
      (bucket.backend === "s3" ? new S3Store(bucket) : new LocalStore(bucket.root, fallbacks));
    known.set(name, store);
    return store;
  };
}
