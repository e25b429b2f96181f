import { DomainError } from "./errors.ts";
import { type IndexEntry, indexEntry } from "./index-entry.ts";
import type { Clock, ObjectStore } from "./ports.ts";

const folder = "registry/indexes/";
const keyOf = (index: string) => `${folder}${index}.json`;

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

  /** The entry as stored, tombstones included. */
  async read(index: string): Promise<Versioned<IndexEntry> | undefined> {
    const stored = await this.#store.get(keyOf(index));
    if (!stored) return undefined;
    const parsed = indexEntry.safeParse(JSON.parse(new TextDecoder().decode(stored.body)));
    if (!parsed.success)
      throw new DomainError("Internal", `the registry entry of "${index}" is damaged`, {
        cause: parsed.error,
      });
    return { value: parsed.data, etag: stored.etag };
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
    for (let attempt = 1; ; attempt++) {
      const current = await read();
      const changes = change(current.value);
      if (!changes) return current;
      try {
        return await this.replace(current, changes);
      } catch (error) {
        const lost = error instanceof DomainError && error.kind === "Conflict";
        if (!lost || attempt === maxAttempts) throw error;
      }
    }
  }

  /** Entries by name after `after`, without tombstones. */
  async list(after: string | undefined, limit: number): Promise<{ entries: IndexEntry[]; next?: string }> {
    const entries: IndexEntry[] = [];
    let last = after;
    while (entries.length <= limit) {
      const page = await this.#store.list(folder, {
        after: last ? keyOf(last) : undefined,
        limit: limit + 1,
      });
      const names = page.map(({ key }) => key.slice(folder.length, -".json".length));
      const read = await Promise.all(names.map((name) => this.read(name)));
      entries.push(
        ...read.flatMap((entry) => (entry && entry.value.state !== "dropped" ? [entry.value] : [])),
      );
      last = names.at(-1);
      if (page.length <= limit) break;
    }
    const shown = entries.slice(0, limit);
    return { entries: shown, ...(entries.length > limit ? { next: shown.at(-1)?.name } : {}) };
  }

  #encode(entry: IndexEntry): Uint8Array {
    return new TextEncoder().encode(`${JSON.stringify(entry, null, 2)}\n`);
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

const maxAttempts = 20;
