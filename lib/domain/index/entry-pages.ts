import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Fallbacks } from "../fallbacks.ts";
import { indexName } from "../names.ts";
import type { ObjectStore, WriteCondition } from "../object-store.ts";
import { formats } from "../stored/formats.ts";
import { parseStored, type Unreadable, unlessUnreadable } from "../stored/stored-json.ts";
import type { Clock } from "../task-context.ts";
import { unlessRaced } from "../unless-raced.ts";
import { keyOfEntry } from "./entry-keys.ts";
import type { EntryListing } from "./entry-listing.ts";

const keptEntry = z.object({ name: indexName, identity: z.string().min(1), body: z.string() });
const keptPage = z.object({ entries: z.array(keptEntry) });
type Kept = z.infer<typeof keptEntry>;

interface Page {
  /** Undefined where there is none yet. */
  etag?: string;
  entries: Map<string, Kept>;
  added: Map<string, Kept>;
  /** A newer release's, which is left to it. */
  isNewer: boolean;
}

/** An entry as it is stored. */
type Body = Uint8Array | undefined;

/**
 * Entries as they are stored, many in one object: a list of 200 costs two requests, not 201. What a page holds of an entry
 * counts only with the identity that the listing tells of it, and the listing is made first. So a page may lag behind, be
 * lost, damaged or written over; nobody who changes an entry has to think of it. Whoever lists writes what it has missed.
 */
export class EntryPages {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #fallbacks: Fallbacks;
  #notBefore = 0;

  constructor(store: ObjectStore, clock: Clock, fallbacks: Fallbacks) {
    this.#store = store;
    this.#clock = clock;
    this.#fallbacks = fallbacks;
  }

  /** For one listing. */
  of(listing: EntryListing): ListedBodies {
    return new ListedBodies(this.#store, listing, this.#fallbacks, (key, page) => this.#write(key, page));
  }

  /** Losing a race is no error; nor is a store that takes no writes, which is left alone for a while. */
  async #write(key: string, { etag, entries }: Page): Promise<void> {
    if (this.#clock.now() < this.#notBefore) return;
    const condition: WriteCondition = etag === undefined ? { ifNoneMatch: "*" } : { ifMatch: etag };
    const body = JSON.stringify({ format: formats.page, entries: [...entries.values()] });
    try {
      await unlessRaced(() => this.#store.put(key, new TextEncoder().encode(body), condition));
    } catch {
      this.#notBefore = this.#clock.now() + limits.entryPageAgainMs;
      this.#fallbacks.happened("entry-pages", "not-written");
    }
  }
}

/** The bodies of entries of one listing, and the pages that were read for them. */
export class ListedBodies {
  readonly #store: ObjectStore;
  readonly #listing: EntryListing;
  readonly #fallbacks: Fallbacks;
  readonly #write: (key: string, page: Page) => Promise<void>;
  readonly #pages = new Map<string, Page>();

  constructor(
    store: ObjectStore,
    listing: EntryListing,
    fallbacks: Fallbacks,
    write: (key: string, page: Page) => Promise<void>,
  ) {
    this.#store = store;
    this.#listing = listing;
    this.#fallbacks = fallbacks;
    this.#write = write;
  }

  /**
   * What is stored of each, undefined of one that has gone meanwhile.
   * @param ahead how many of the last only tell that there are more: no page is read for them
   */
  async bodies(names: string[], ahead: number): Promise<Map<string, Body>> {
    await this.#readPagesOf(names.slice(0, names.length - ahead));
    const bodies = new Map<string, Body>(names.map((name) => [name, this.#kept(name)]));
    const missing = names.filter((name) => !bodies.get(name));
    await Promise.all(missing.map(async (name) => bodies.set(name, await this.#read(name))));
    return bodies;
  }

  /** Writes the pages that lacked something. */
  async keep(): Promise<void> {
    const lacking = [...this.#pages].filter(([, { added, isNewer }]) => added.size > 0 && !isNewer);
    await Promise.all(
      lacking.map(async ([key, page]) => {
        const entries = this.#completed(key, page);
        if (page.etag !== undefined || entries.size >= limits.leastPageEntries)
          await this.#write(key, { ...page, entries });
      }),
    );
  }

  async #readPagesOf(names: string[]): Promise<void> {
    const keys = new Set(names.flatMap((name) => this.#listing.pageOf(name) ?? []));
    const unread = [...keys].filter((key) => !this.#pages.has(key));
    const pages = await Promise.all(unread.map((key) => this.#readPage(key)));
    for (const [i, key] of unread.entries()) this.#pages.set(key, pages[i] ?? emptyPage());
  }

  async #readPage(key: string): Promise<Page> {
    const stored = this.#listing.has(key) ? await this.#store.get(key) : undefined;
    if (!stored) return emptyPage();
    const origin = { kind: "page", what: "a page of entries", remedy: "it is written anew" } as const;
    const read = await unlessUnreadable(
      async () => parseStored(keptPage, stored.body, origin).entries,
      (why): Unreadable => why,
    );
    if (typeof read === "string") this.#fallbacks.happened("entry-pages", "unreadable");
    const entries = typeof read === "string" ? [] : read;
    return {
      ...emptyPage(),
      etag: stored.etag,
      entries: new Map(entries.map((one) => [one.name, one])),
      isNewer: read === "needs-newer-release",
    };
  }

  #kept(name: string): Body {
    const identity = this.#listing.identityOf(name);
    for (const { entries, added } of this.#pages.values())
      for (const kept of [added.get(name), entries.get(name)])
        if (kept && kept.identity === identity) return new TextEncoder().encode(kept.body);
    return undefined;
  }

  async #read(name: string): Promise<Body> {
    const stored = await this.#store.get(keyOfEntry(name));
    if (!stored) return undefined;
    const page = this.#pages.get(this.#listing.pageOf(name) ?? "") ?? [...this.#pages.values()].at(-1);
    const { identity, body } = stored;
    if (isStrong(identity) && body.length <= limits.maxKeptEntryBytes)
      page?.added.set(name, { name, identity, body: new TextDecoder().decode(body) });
    return body;
  }

  /** With what was read, without what is known to be of old, or of the page before it. */
  #completed(key: string, { entries, added }: Page): Map<string, Kept> {
    const still = [...entries.values()].filter(
      ({ name, identity }) =>
        !added.has(name) && this.#listing.mayBe(name, identity) && !this.#listing.isBefore(name, key),
    );
    const all = [...still, ...added.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return new Map(lastWithin(all).map((one) => [one.name, one]));
  }
}

const emptyPage = (): Page => ({ entries: new Map(), added: new Map(), isNewer: false });

/** Nobody can tell bytes by the weak ETag that a proxy makes, nor by none. */
const isStrong = (identity: string) => identity !== "" && !identity.startsWith("W/");

/** The last of them, as many as a page may hold. */
function lastWithin(entries: Kept[]): Kept[] {
  let left: number = limits.maxPageBytes;
  const tooMuch = entries.findLastIndex(({ body }) => {
    left -= body.length;
    return left < 0;
  });
  return entries.slice(tooMuch + 1).slice(-limits.maxPageEntries);
}
