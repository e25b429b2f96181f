import { availableParallelism } from "node:os";
import { declaredProviders } from "./adapters/embedding/declared-providers.ts";
import { lanceCounts } from "./adapters/lance/lance-counts.ts";
import { StoredOpenings } from "./adapters/lance/opening/stored-openings.ts";
import { localCopies } from "./adapters/lance/replicas/local-copies.ts";
import { LanceConnections } from "./adapters/lance/tables/connections.ts";
import { LanceWarmIndexes } from "./adapters/lance/warm/warm-indexes.ts";
import { requestCounts } from "./adapters/store/request-counts.ts";
import { storesFor } from "./adapters/store/stores.ts";
import { tokensOf } from "./adapters/token/tokens-of.ts";
import { type AccessMode, accessMode } from "./config/access-mode.ts";
import { type Environment, readEnvironment } from "./config/environment.ts";
import { loadBuckets, loadEmbedders, loadRerankers } from "./config/lakehouse.ts";
import { limits } from "./config/limits.ts";
import { replicaBytes } from "./config/replica-bytes.ts";
import { KnownKeys } from "./domain/access/known-keys.ts";
import type { Principal } from "./domain/access/principal.ts";
import { scopedReaders } from "./domain/access/scoped-readers.ts";
import type { Tokens } from "./domain/access/tokens.ts";
import type { Buckets } from "./domain/bucket.ts";
import { usualPrices } from "./domain/cost/prices.ts";
import { Spending } from "./domain/cost/spending.ts";
import type { Providers } from "./domain/embedding/providers.ts";
import { FallbackCounts } from "./domain/fallback-counts.ts";
import type { Fallbacks, SeenFallbacks } from "./domain/fallbacks.ts";
import type { GenerationRef } from "./domain/index/index-entry.ts";
import { IndexRegistry } from "./domain/index/index-registry.ts";
import type { StoredVersions } from "./domain/index/stored-versions.ts";
import type { Stores } from "./domain/object-store.ts";
import { ReadGate } from "./domain/search/read-gate.ts";
import type { WarmIndexes } from "./domain/search/reader.ts";
import type { Clock } from "./domain/task-context.ts";
import { reportFallback } from "./report-fallback.ts";

/** What a function needs that only reads, built once per container. */
export interface Readers {
  environment: Environment;
  buckets: Buckets;
  stores: Stores;
  registry: IndexRegistry;
  indexes: WarmIndexes;
  versions: StoredVersions;
  clock: Clock;
  fallbacks: Fallbacks & SeenFallbacks;
  spending: Spending;
  /** The same, where it may be told to who asks. */
  costs: Spending | undefined;
  providers: Providers;
  access: AccessMode;
  /** Undefined where access is open. */
  keys: KnownKeys | undefined;
  /** Undefined where access is not by tokens. */
  tokens: Tokens | undefined;
  /** Whether there is such an index for who asks, as far as its name tells. */
  sees(index: string): boolean;
  /** The same as a principal sees it. */
  scopedTo(principal: Principal): Readers;
  /** Closes what is open. */
  close(): Promise<void>;
}

/** The same with what the other half of the container is made of, too. */
export interface ReadingHalf extends Readers {
  connections: LanceConnections;
  scopedTo(principal: Principal): ReadingHalf;
}

/**
 * The half of the composition root that reads. What writes, runs jobs or decodes Parquet is not imported here: a search
 * would wait for it at every cold start.
 * @throws ConfigInvalid
 */
export function createReaders(
  environment = readEnvironment(),
  buckets = loadBuckets(environment),
): ReadingHalf {
  const clock: Clock = { now: () => Date.now() };
  const fallbacks = new FallbackCounts(reportFallback);
  const stores = storesFor(buckets, fallbacks);
  const registry = new IndexRegistry(stores("primary"), clock);
  const memoryMb =
    environment.CONTAINER_MEMORY_MB ?? environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? limits.defaultMemoryMb;
  const connections = new LanceConnections(buckets, memoryMb, fallbacks);
  const spending = spendingOf(environment, memoryMb);
  const copies = localCopies(connections, stores, replicaBytes(environment));
  const openings = new StoredOpenings(stores("primary"), fallbacks);
  const stalenessMs = environment.EVENTUAL_STALENESS_MS;
  const gate = new ReadGate({
    bytes: memoryMb * 1_048_576 * limits.readMemoryShare,
    reads: availableParallelism() * limits.readsPerCore,
  });
  const indexes = new LanceWarmIndexes({ registry, connections, clock, stalenessMs, copies, openings, gate });
  const providers = declaredProviders(loadEmbedders(environment), loadRerankers(environment));
  const close = async () => {
    indexes.close();
    await copies.close();
    await connections.close();
  };
  const access = accessMode(environment);
  const keys = access === "open" ? undefined : new KnownKeys(stores("primary"), clock);
  const reading: ReadingHalf = {
    ...{ environment, buckets, stores, registry, indexes, clock, fallbacks, connections, close },
    versions: lanceVersions(stores),
    ...{ access, keys, tokens: tokensOf(access, environment), spending, costs: spending, providers },
    sees: () => true,
    scopedTo: (principal) => scopedReaders(reading, principal),
  };
  return reading;
}

function spendingOf(environment: Environment, memoryMb: number): Spending {
  return new Spending({
    prices: environment.PRICES ?? usualPrices,
    memoryMb,
    diskMb: environment.CONTAINER_DISK_MB ?? environment.BUILD_DISK_MB,
    paysForInit: environment.AWS_LAMBDA_INITIALIZATION_TYPE === "on-demand",
    metricsBy: environment.COST_METRICS,
    own: () => requestCounts,
    lance: lanceCounts,
  });
}

/** Loaded where it is asked for: no search needs it. */
function lanceVersions(stores: Stores): StoredVersions {
  const loaded = async (ref: GenerationRef) => {
    const { LanceVersions } = await import("./adapters/lance/documents/lance-versions.ts");
    return new LanceVersions(stores(ref.bucket), ref);
  };
  return {
    numbers: async (ref) => (await loaded(ref)).numbers(),
    told: async (ref, versions) => (await loaded(ref)).told(versions),
  };
}

let shared: ReadingHalf | undefined;

/** The readers of this process, built at the first use. */
export function readers(): ReadingHalf {
  shared ??= createReaders();
  return shared;
}
