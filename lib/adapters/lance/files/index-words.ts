import { limits } from "../../../config/limits.ts";
import { badRequest, DomainError } from "../../../domain/errors.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { shortestOf } from "../../../domain/text/prefixes.ts";
import { type FstWords, TooManyNodes } from "./fst.ts";
import { readManifest } from "./manifest.ts";
import { termDictionary } from "./term-dictionary.ts";

/** A version of a table, in its store or in a copy. */
export interface StoredVersion {
  store: Pick<ObjectStore, "list" | "read">;
  /** Of the table, ending with `/`. */
  folder: string;
  /** Of the table, which is the same in its store and in a copy. */
  name: string;
  manifest: Uint8Array;
}

/** The words of one index, of each part of it by itself. */
interface HeldWords {
  bytes: number;
  parts: Promise<FstWords[]>;
}

/** The words that text indexes hold. What was read of an index is kept, as none of its files changes. */
export class IndexWords {
  readonly #held = new Map<string, HeldWords>();

  /**
   * Words of a column that begin so, as all of its text indexes hold them: the shortest first. Words of rows that are
   * deleted may be among them.
   * @param beginning as words are held: in lower case, without accents
   * @throws TableNotKnown where they are stored as is not known here, BadRequest where there are too many
   */
  async beginningWith(
    version: StoredVersion,
    column: string,
    beginning: string,
    atMost: number,
  ): Promise<string[]> {
    const parts = await this.#partsOf(version, column);
    return shortestOf(
      parts.map((words) => searched(words, column, beginning, atMost)),
      atMost,
    );
  }

  async #partsOf(version: StoredVersion, column: string): Promise<FstWords[]> {
    const folders = textFolders(version.manifest, column);
    const all = await Promise.all(folders.map((folder) => this.#words(version, column, folder)));
    if (all.reduce((sum, { bytes }) => sum + bytes, 0) > limits.maxDictionaryBytes) throw tooLarge(column);
    return (await Promise.all(all.map(({ parts }) => parts))).flat();
  }

  async #words(version: StoredVersion, column: string, index: string): Promise<HeldWords> {
    const { store, folder } = version;
    const name = version.name + index;
    const there = this.#held.get(name);
    if (there) {
      this.#held.delete(name); // the one used last is the last to go
      this.#held.set(name, there);
      return there;
    }
    const all = await store.list(folder + index);
    const files = all.filter(({ key }) => /\/part_\d+_tokens\.lance$/.test(key));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    if (bytes > limits.maxDictionaryBytes) throw tooLarge(column);
    const isOfNoRows = all.length > 0 && all.every(({ key }) => key.endsWith("/metadata.lance"));
    if (files.length === 0 && !isOfNoRows) throw notKnown(column, new Error("no files of words"));
    const read = files.map(async (file) => termDictionary(await store.read(file.key, 0, file.bytes)));
    const held = { bytes, parts: Promise.all(read).catch(refuseOther(column)) };
    this.#held.set(name, held);
    held.parts.catch(() => this.#held.delete(name));
    this.#forgetOldest();
    return held;
  }

  #forgetOldest(): void {
    let bytes = [...this.#held.values()].reduce((sum, one) => sum + one.bytes, 0);
    for (const [name, one] of this.#held) {
      if (bytes <= limits.heldDictionaryBytes) return;
      this.#held.delete(name);
      bytes -= one.bytes;
    }
  }
}

function searched(words: FstWords, column: string, beginning: string, atMost: number): string[] {
  try {
    return words.beginningWith(beginning, atMost, limits.maxPrefixNodes);
  } catch (error) {
    if (error instanceof TooManyNodes)
      throw badRequest({
        path: "text",
        message: "has a prefix that too many words begin with; tell more of its letters",
      });
    throw notKnown(column, error);
  }
}

/** Of the indexes of a column's text. */
function textFolders(manifest: Uint8Array, column: string): string[] {
  try {
    const { fields, indexes } = readManifest(manifest);
    const own = fields.get(column) ?? Number.NaN;
    return indexes.filter(({ fields: on, isText }) => isText && on.includes(own)).map(({ folder }) => folder);
  } catch (error) {
    throw notKnown(column, error);
  }
}

const refuseOther = (column: string) => (error: unknown) => {
  throw error instanceof DomainError ? error : notKnown(column, error);
};

const notKnown = (column: string, cause: unknown) =>
  new DomainError(
    "TableNotKnown",
    `the words of column "${column}" are stored as this release does not know, so that prefix finds none of them; a build-index job makes its full text anew`,
    { cause },
  );

const tooLarge = (column: string) =>
  badRequest({
    path: "text",
    message: `the full text of column "${column}" has more than ${limits.maxDictionaryBytes} bytes of words, of which prefix finds none; use match, with fuzziness or of whole words`,
  });
