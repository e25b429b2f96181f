import { limits } from "../../config/limits.ts";
import { type Fallbacks, unobserved } from "../fallbacks.ts";
import type { ObjectStore } from "../object-store.ts";
import { type Unreadable, unlessUnreadable } from "../stored/stored-json.ts";
import type { Clock } from "../task-context.ts";
import { entriesFolder, keyOfEntry } from "./entry-keys.ts";
import { EntryListing } from "./entry-listing.ts";
import { EntryPages } from "./entry-pages.ts";
import type { IndexEntry } from "./index-entry.ts";
import { parsedEntry } from "./index-registry.ts";

/** One of a list, or why it cannot be read. */
export type ListedStored = IndexEntry | { name: string; state: Unreadable };

/** The entries of the registry, a page at a time. Apart from the registry: what only reads one of them starts without it. */
export class EntryList {
  readonly #store: ObjectStore;
  readonly #pages: EntryPages;

  constructor(store: ObjectStore, clock: Clock, fallbacks: Fallbacks = unobserved) {
    this.#store = store;
    this.#pages = new EntryPages(store, clock, fallbacks);
  }

  /**
   * Entries by name after `after`, without tombstones; other objects in the folder are none.
   * @param sees of others nothing is read
   */
  async page(
    after: string | undefined,
    limit: number,
    sees: (index: string) => boolean = () => true,
  ): Promise<{ entries: ListedStored[]; next?: string }> {
    const entries: ListedStored[] = [];
    let last = after === undefined ? undefined : keyOfEntry(after);
    do {
      const listing = await this.#listed(last, limit + 1 + limits.pageEntries);
      const names = listing.names.filter(({ name }) => sees(name));
      entries.push(...(await this.#entriesIn(listing, names, limit, entries.length)));
      last = listing.next;
    } while (last !== undefined && entries.length <= limit);
    const shown = entries.slice(0, limit);
    return { entries: shown, ...(entries.length > limit ? { next: shown.at(-1)?.name } : {}) };
  }

  async #listed(after: string | undefined, limit: number): Promise<EntryListing> {
    return new EntryListing(await this.#store.list(entriesFolder, { after, limit }), after, limit);
  }

  /** The first of these, until there is one more than `limit` with those that were found before. */
  async #entriesIn(
    listing: EntryListing,
    names: EntryListing["names"],
    limit: number,
    before: number,
  ): Promise<ListedStored[]> {
    const pages = this.#pages.of(listing);
    const found: ListedStored[] = [];
    for (let at = 0; at < names.length && before + found.length <= limit; at += limit + 1) {
      const some = names.slice(at, at + limit + 1);
      const readable = some.filter(({ bytes }) => bytes <= limits.maxEntryBytes).map(({ name }) => name);
      const bodies = await pages.bodies(readable, some.length > limit ? 1 : 0);
      const listed = some.map(({ name, bytes }) => listedOf(name, bytes, bodies.get(name)));
      found.push(...(await Promise.all(listed)).flat());
    }
    await pages.keep();
    return found;
  }
}

/** Nothing of a tombstone, and of one that has gone. */
async function listedOf(name: string, bytes: number, body: Uint8Array | undefined): Promise<ListedStored[]> {
  if (bytes > limits.maxEntryBytes) return [{ name, state: "damaged" }];
  if (!body) return [];
  const entry = await unlessUnreadable(
    async (): Promise<ListedStored> => parsedEntry(name, body),
    (state) => ({ name, state }),
  );
  return entry.state === "dropped" ? [] : [entry];
}
