import { StoredOpenings } from "../../lib/adapters/lance/opening/stored-openings.ts";
import { LocalCopies, localCopies } from "../../lib/adapters/lance/replicas/local-copies.ts";
import { Replicas } from "../../lib/adapters/lance/replicas/replicas.ts";
import { LanceConnections } from "../../lib/adapters/lance/tables/connections.ts";
import { LanceWarmIndexes } from "../../lib/adapters/lance/warm/warm-indexes.ts";
import { storesFor } from "../../lib/adapters/store/stores.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";
import type { S3Lakehouse } from "./s3-lakehouse.ts";

const gigabyte = 1_073_741_824;

export interface WarmOptions {
  /** Of its store: a proxy's. */
  endpoint: string;
  /** Of all replicas together. */
  maxBytes?: number;
  /** What is copied: all; the index alone; both, the index by links. */
  kinds?: "all" | "indexes" | "indexes by links";
  /** Whether it finds openings: generations of earlier releases have none. */
  isWithOpenings?: boolean;
  /** Its wall clock. */
  now?(): number;
}

export type WarmContainer = ReturnType<typeof warmContainer>;

/** The reading half of a container. */
export function warmContainer(
  lakehouse: S3Lakehouse,
  { endpoint, maxBytes = gigabyte, kinds = "all", isWithOpenings = true, now = Date.now }: WarmOptions,
) {
  const buckets = loadBuckets(readEnvironment({ ...lakehouse.environment, AWS_ENDPOINT: endpoint }));
  const fallbacks = new FallbackCounts(() => undefined);
  const connections = new LanceConnections(buckets, 512, fallbacks);
  const stores = storesFor(buckets);
  const whole = localCopies(connections, stores, maxBytes);
  const copies = {
    all: () => whole,
    indexes: () => new LocalCopies(noReplicas(connections, stores), whole.indexes, stores, fallbacks),
    "indexes by links": () =>
      new LocalCopies(whole.replicas, linkedIndexes(connections, stores, whole), stores, fallbacks),
  }[kinds]();
  const { registry } = lakehouse.open();
  const openings = new StoredOpenings(stores("primary"), fallbacks);
  const options = { registry, connections, clock: { now }, copies };
  const indexes = new LanceWarmIndexes(isWithOpenings ? { ...options, openings } : options);
  const close = async () => {
    indexes.close();
    await copies.close();
    await connections.close();
  };
  return { indexes, copies, fallbacks, close };
}

type OfReplicas = ConstructorParameters<typeof Replicas>;

const noReplicas = (connections: OfReplicas[0], stores: OfReplicas[1]) =>
  new Replicas(connections, stores, { kind: "replica", maxBytes: 0, concurrency: 1, warm: false });

const linkedIndexes = (connections: OfReplicas[0], stores: OfReplicas[1], { replicas }: LocalCopies) =>
  new Replicas(connections, stores, {
    kind: "index-copy",
    maxBytes: gigabyte,
    maxReadBytes: 0,
    concurrency: 1,
    nearestOnly: true,
    warm: false,
    beside: (ref) => replicas.copyOf(ref),
  });
