import { Buckets } from "../bucket.ts";
import type { Spending } from "../cost/spending.ts";
import { DomainError } from "../errors.ts";
import type { IndexEntry } from "../index/index-entry.ts";
import { IndexRegistry, type Versioned } from "../index/index-registry.ts";
import type { ObjectStore, Stores } from "../object-store.ts";
import type { WarmIndexes } from "../search/reader.ts";
import type { Clock } from "../task-context.ts";
import { NarrowedReader } from "./narrowed-reader.ts";
import type { Principal } from "./principal.ts";

/** The registry as a principal sees it: of other indexes there is nothing, and nothing is made. */
export class ScopedRegistry extends IndexRegistry {
  readonly #principal: Principal;

  constructor(store: ObjectStore, clock: Clock, principal: Principal) {
    super(store, clock);
    this.#principal = principal;
  }

  override async read(index: string): Promise<Versioned<IndexEntry> | undefined> {
    return this.#principal.sees(index) ? super.read(index) : undefined;
  }

  override async create(index: string, fields: Partial<IndexEntry>): Promise<Versioned<IndexEntry>> {
    this.#principal.refuseUnseen(index);
    return super.create(index, fields);
  }
}

/** The same of open indexes. */
export function scopedIndexes(indexes: WarmIndexes, principal: Principal): WarmIndexes {
  return {
    use: async (index, freshness, work) => {
      principal.refuseUnseen(index);
      const { filter } = principal;
      if (!filter) return indexes.use(index, freshness, work);
      return indexes.use(index, freshness, ({ reader, ...lease }) => {
        const own = new NarrowedReader(reader, lease.published.idColumn, filter);
        return work({ ...lease, reader: own, isNarrowed: true });
      });
    },
  };
}

/** The buckets that a principal may name, and those that indexes which it sees lie in. */
export class ScopedBuckets extends Buckets {
  readonly #all: Buckets;

  constructor(all: Buckets, principal: Principal) {
    super(all.all().filter(({ name }) => principal.reaches(name)));
    this.#all = all;
  }

  /** What is written to is not named by a request, or was looked at before (`refuseBucket`). */
  override writable(name: string) {
    return this.#all.writable(name);
  }
}

interface Scoped {
  stores: Stores;
  clock: Clock;
  registry: IndexRegistry;
  indexes: WarmIndexes;
  buckets: Buckets;
  /** Undefined for who is not told what a container asks of stores, which tells of all indexes in it. */
  costs: Spending | undefined;
  sees(index: string): boolean;
}

/** What a function needs, as a principal sees it. */
export const scopedReaders = <R extends Scoped>(readers: R, principal: Principal): R => ({
  ...readers,
  registry: new ScopedRegistry(readers.stores("primary"), readers.clock, principal),
  indexes: scopedIndexes(readers.indexes, principal),
  buckets: new ScopedBuckets(readers.buckets, principal),
  costs: principal.seesAll ? readers.costs : undefined,
  sees: (index: string) => principal.sees(index),
});

/** Of a bucket that a request names for what it writes. @throws BucketNotFound */
export function refuseBucket(principal: Principal, bucket: string): void {
  if (bucket === "primary" || principal.reaches(bucket)) return;
  throw new DomainError("BucketNotFound", `bucket "${bucket}" is not registered, or is not granted`);
}
