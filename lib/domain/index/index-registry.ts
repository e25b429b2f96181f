import { DomainError } from "../errors.ts";
import type { ObjectStore } from "../object-store.ts";
import { inFormat } from "../stored/formats.ts";
import { entryDamaged, type Origin, parseStored, refuseNewer } from "../stored/stored-json.ts";
import type { Clock } from "../task-context.ts";
import { changed } from "../unless-raced.ts";
import { keyOfEntry as keyOf } from "./entry-keys.ts";
import { type IndexEntry, indexEntry } from "./index-entry.ts";

/** Its tables cannot be removed without it: it says where they are and which numbers were used. */
const remedy =
  "restore its object under registry/indexes in the primary bucket from a backup. Without one, remove that object and the folder of the index under lance, then load it anew";

const originOf = (index: string): Origin => ({ kind: "entry", what: `index "${index}"`, remedy });

export interface Versioned<T> {
  value: T;
  etag: string;
}

/** What is to be changed of an entry, or undefined for nothing. */
export type Change = (entry: IndexEntry) => Partial<IndexEntry> | undefined;

/** One JSON object per index in the primary bucket, changed only by conditional writes. */
export class IndexRegistry {
  readonly #store: ObjectStore;
  readonly #clock: Clock;

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The entry as stored, tombstones included. @throws EntryDamaged, NeedsNewerRelease */
  async read(index: string): Promise<Versioned<IndexEntry> | undefined> {
    const stored = await this.#store.get(keyOf(index));
    return stored && { value: parsedEntry(index, stored.body), etag: stored.etag };
  }

  /** For what is done before its entry is changed, however damaged that is. @throws NeedsNewerRelease */
  async refuseNewer(index: string): Promise<void> {
    refuseNewer(await this.#store.get(keyOf(index)), originOf(index));
  }

  /** @throws IndexNotFound when there is no entry or it was dropped */
  async get(index: string): Promise<Versioned<IndexEntry>> {
    const entry = await this.read(index);
    if (!entry || entry.value.state === "dropped")
      throw new DomainError("IndexNotFound", `index "${index}" does not exist`);
    return entry;
  }

  /** A new entry that nothing is published of. @throws Conflict when another was created first */
  async create(index: string, fields: Partial<IndexEntry>): Promise<Versioned<IndexEntry>> {
    const now = this.#timestamp();
    const value: IndexEntry = {
      name: index,
      state: "building",
      published: null,
      lastGeneration: 0,
      claim: null,
      retiring: [],
      createdAt: now,
      updatedAt: now,
      lastJob: null,
      ...fields,
    };
    const etag = await this.#store.put(keyOf(index), this.#encode(value), { ifNoneMatch: "*" });
    return { value, etag };
  }

  /** Replaces exactly the version that was read. @throws Conflict when it has changed since */
  async replace(read: Versioned<IndexEntry>, changes: Partial<IndexEntry>): Promise<Versioned<IndexEntry>> {
    const value = { ...read.value, ...changes, updatedAt: this.#timestamp() };
    const etag = await this.#store.put(keyOf(value.name), this.#encode(value), { ifMatch: read.etag });
    return { value, etag };
  }

  /**
   * Reads, decides, writes, and again when somebody was faster.
   * @param change returns the changes, or undefined to leave the entry as it is
   * @throws IndexNotFound
   */
  async update(index: string, change: Change): Promise<Versioned<IndexEntry>> {
    return this.#retrying(() => this.get(index), change);
  }

  /** The same for a tombstone. */
  async updateDropped(index: string, change: Change): Promise<void> {
    await this.#retrying(async () => {
      const read = await this.read(index);
      if (read) return read;
      throw new DomainError("IndexNotFound", `index "${index}" does not exist`);
    }, change);
  }

  async #retrying(
    read: () => Promise<Versioned<IndexEntry>>,
    change: Change,
  ): Promise<Versioned<IndexEntry>> {
    return changed(read, (current) => {
      const changes = change(current.value);
      return changes && (() => this.replace(current, changes));
    });
  }

  #encode(entry: IndexEntry): Uint8Array {
    const stored = inFormat(entry, entry.published?.embedding !== undefined);
    return new TextEncoder().encode(`${JSON.stringify(stored, null, 2)}\n`);
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

/** @throws EntryDamaged, NeedsNewerRelease */
export function parsedEntry(index: string, body: Uint8Array): IndexEntry {
  const entry = parseStored(indexEntry, body, originOf(index));
  if (entry.name !== index) throw entryDamaged(originOf(index));
  return entry;
}
