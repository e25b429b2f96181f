import { limits } from "../../config/limits.ts";
import { indexName } from "../names.ts";
import type { ListedObject } from "../object-store.ts";
import { entriesFolder as folder, keyOfEntry } from "./entry-keys.ts";

/** Behind all names. */
const lastPage = `${folder}~.page`;
const pageBehind = (index: string) => `${folder}${index}.page`;

/**
 * A part of the registry's listing: entries, and among them pages, each of which holds the entries that are listed before
 * it and behind the page before it. What else is in the folder is passed over.
 */
export class EntryListing {
  /** Of entries, in order, with their bytes. */
  readonly names: { name: string; bytes: number }[];
  /** Of what is listed last; undefined where nothing follows. */
  readonly next: string | undefined;
  readonly #after: string;
  readonly #identities: Map<string, string>;
  readonly #pageKeys: string[];
  readonly #pages: Map<string, string>;

  /** @param listed all keys in the folder after `after`, or the first `asked` of them */
  constructor(listed: ListedObject[], after: string | undefined, asked: number) {
    this.#after = after ?? "";
    this.next = listed.length < asked ? undefined : listed.at(-1)?.key;
    this.#identities = new Map(listed.map(({ key, identity }) => [key, identity]));
    this.#pageKeys = listed.flatMap(({ key }) => (isPage(key) ? [key] : []));
    this.names = listed.flatMap(({ key, bytes }) => {
      const name = nameIn(key, ".json");
      return name === undefined ? [] : [{ name, bytes }];
    });
    this.#pages = pagesOf(
      listed.map(({ key }) => key),
      this.next === undefined,
    );
  }

  has(key: string): boolean {
    return this.#identities.has(key);
  }

  identityOf(name: string): string | undefined {
    return this.#identities.get(keyOfEntry(name));
  }

  /** The key of its page, which need not be there yet; undefined where that lies beyond what is listed. */
  pageOf(name: string): string | undefined {
    return this.#pages.get(name);
  }

  /** Whether an entry has this identity, as far as the listing tells. */
  mayBe(name: string, identity: string): boolean {
    const key = keyOfEntry(name);
    if (key <= this.#after || (this.next !== undefined && key > this.next)) return true;
    return this.#identities.get(key) === identity;
  }

  /** Whether an entry belongs to a page before this one, as far as the listing tells. */
  isBefore(name: string, page: string): boolean {
    const before = this.#pageKeys.findLast((key) => key < page);
    return before !== undefined && keyOfEntry(name) < before;
  }
}

/** @param isAll nothing follows */
function pagesOf(keys: string[], isAll: boolean): Map<string, string> {
  const pages = new Map<string, string>();
  let open: string[] = [];
  const close = (names: string[], page: string) => {
    for (const name of names) pages.set(name, page);
    open = open.slice(names.length);
  };
  for (const key of keys) {
    const name = nameIn(key, ".json");
    if (name !== undefined) open.push(name);
    else if (isPage(key)) close(open, key);
  }
  while (open.length > limits.pageEntries)
    close(open.slice(0, limits.pageEntries), pageBehind(open[limits.pageEntries - 1] ?? ""));
  if (isAll) close(open, lastPage);
  return pages;
}

const isPage = (key: string) => key === lastPage || nameIn(key, ".page") !== undefined;

function nameIn(key: string, ending: string): string | undefined {
  if (!key.startsWith(folder) || !key.endsWith(ending)) return undefined;
  return indexName.safeParse(key.slice(folder.length, -ending.length)).data;
}
