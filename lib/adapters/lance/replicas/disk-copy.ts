import { link, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { limits } from "../../../config/limits.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import type { IndexPart } from "../../../domain/search/reader.ts";
import { newCopyFolder } from "../copy-folder.ts";
import { isDataFile } from "../files/generation-folder.ts";
import type { ByteRange } from "../files/lance-format.ts";
import { manifestKey } from "../files/manifest-name.ts";
import { bytesBeside, vectorBytes } from "../files/vector-bytes.ts";
import { filesOfVersion, type StoredFile } from "../files/version-files.ts";
import type { Copy } from "./copy.ts";
import { type CopyPace, copyParts, type Part, partsOf } from "./copy-parts.ts";
import { roomFor } from "./disk-room.ts";

export interface CopyOptions extends CopyPace {
  /** The one that opens. */
  version: number;
  /** Only what a search for the nearest by the vector index reads. */
  nearestOnly?: boolean;
  /** Its values are left for `complete`, or out where there is no room for them. */
  vectorColumn?: string;
  /** Another copy of the table: what it has is linked. Files of a table never change under their names. */
  from?: Copy | undefined;
  /** No copy is made of more. */
  maxBytes?: number;
  /** None that reads more, what is linked not counted. */
  maxReadBytes?: number;
  fallbacks: Fallbacks;
}

const isData = ({ key }: StoredFile) => isDataFile(key);
const bytesOf = (sizes: { bytes: number }[]) => sizes.reduce((sum, { bytes }) => sum + bytes, 0);
const bytesIn = (ranges: ByteRange[]) => ranges.reduce((sum, { start, end }) => sum + end - start, 0);

/**
 * Copies a table's files to the temporary disk.
 * @param folder of the table in the store, ending with `/`
 * @returns undefined when the disk has no room for it, or it is too large
 * @throws StoreUnavailable, TableNotKnown where a part might be missed; nothing is left then
 */
export async function copyToDisk(
  store: ObjectStore,
  folder: string,
  options: CopyOptions,
): Promise<DiskCopy | undefined> {
  const { files } = await filesOfVersion(store, folder, options.version, options.nearestOnly);
  const room = await roomFor(options.maxBytes);
  const least = options.vectorColumn ? files.filter((file) => !isData(file)) : files;
  if (bytesOf(least) > room) return undefined;
  const copy = new DiskCopy(store, folder, await newCopyFolder(), options);
  try {
    if (await copy.fill(files, room)) return copy;
  } catch (error) {
    await copy.remove();
    throw error;
  }
  await copy.remove();
  return undefined;
}

/** A table's files on this machine's disk. */
export class DiskCopy implements Copy {
  readonly folder: string;
  bytes = 0;
  readonly #store: ObjectStore;
  readonly #tableFolder: string;
  readonly #options: CopyOptions;
  /** The vectors that are still to come. */
  #later: Part[] = [];
  #isWhole = false;

  constructor(store: ObjectStore, tableFolder: string, root: string, options: CopyOptions) {
    this.#store = store;
    this.#tableFolder = tableFolder;
    this.#options = options;
    this.folder = root;
  }

  get version(): number {
    return this.#options.version;
  }

  /** Whether it has all it is meant to; without, nothing may be read that looks at vectors. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get parts(): IndexPart[] {
    if (this.#options.nearestOnly) return ["index"];
    return this.#isWhole ? ["index", "rows", "vectors"] : ["index", "rows"];
  }

  get isToBeCompleted(): boolean {
    return this.#later.length > 0;
  }

  /** Not known of any version: rows that were appended are compared by their vectors. */
  readonly isIndexed = false;
  /** All but vectors is there before it is open. */
  readonly hasRows = true;

  async prepareNearest(): Promise<void> {}

  async prepareRows(): Promise<boolean> {
    return true;
  }

  async completeRows(): Promise<void> {}

  /** Copies the vectors, where they were left for later. @throws StoreUnavailable, the signal's reason */
  async complete(signal: AbortSignal): Promise<void> {
    await copyParts(this.#store, this.#later, { ...this.#options, signal });
    this.#later = [];
    this.#isWhole = true;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** @returns false when there is no room for it */
  async fill(files: StoredFile[], room: number): Promise<boolean> {
    const missing = await this.#link(files);
    if (bytesOf(missing) > (this.#options.maxReadBytes ?? Infinity)) return false;
    await this.#copy(missing.filter((file) => !isData(file)).map((file) => ({ file, ranges: whole(file) })));
    const data = missing.filter(isData);
    const vectors = await this.#vectorsIn(data);
    const later = bytesIn([...vectors.values()].flat());
    const fits = bytesOf(files) <= room;
    if (!fits && bytesOf(files) - later > room) return false;
    await this.#copy(
      data.map((file) => ({ file, ranges: bytesBeside(vectors.get(file.key) ?? [], file.bytes) })),
    );
    if (fits) this.#later = [...vectors].flatMap(([key, ranges]) => partsOf(key, this.#pathOf(key), ranges));
    this.bytes = bytesOf(files) - (fits ? 0 : later);
    this.#isWhole = fits && later === 0;
    return true;
  }

  async #copy(files: { file: StoredFile; ranges: ByteRange[] }[]): Promise<void> {
    const parts = files.flatMap(({ file, ranges }) => partsOf(file.key, this.#pathOf(file.key), ranges));
    const { signal, ...pace } = this.#options;
    const isPrompt = bytesIn(parts) <= limits.promptCopyBytes;
    await copyParts(this.#store, parts, { ...(isPrompt ? {} : pace), ...(signal ? { signal } : {}) });
  }

  async #vectorsIn(files: StoredFile[]): Promise<Map<string, ByteRange[]>> {
    const { version, vectorColumn, fallbacks } = this.#options;
    if (vectorColumn === undefined) return new Map();
    const manifest = this.#pathOf(manifestKey(this.#tableFolder, version));
    return vectorBytes(this.#store, files, await readFile(manifest), vectorColumn, fallbacks);
  }

  /** @returns the files that the other copy does not have; one without vectors has no data */
  async #link(files: StoredFile[]): Promise<StoredFile[]> {
    const { from, fallbacks } = this.#options;
    if (!from) return files;
    const missing: StoredFile[] = [];
    for (const file of files) {
      const mayLink = from.isWhole || (from.hasRows && !isData(file));
      if (
        !mayLink ||
        !(await isLinked(this.#pathOf(file.key, from.folder), this.#pathOf(file.key), fallbacks))
      )
        missing.push(file);
    }
    return missing;
  }

  #pathOf(key: string, root = this.folder): string {
    const table = this.#tableFolder.split("/").at(-2) ?? "";
    return join(root, table, key.slice(this.#tableFolder.length));
  }
}

const whole = ({ bytes }: StoredFile): ByteRange[] => [{ start: 0, end: bytes }];

/** @returns false when there is nothing to link to */
async function isLinked(from: string, to: string, fallbacks: Fallbacks): Promise<boolean> {
  await mkdir(dirname(to), { recursive: true });
  return link(from, to).then(
    () => true,
    (error) => {
      if (error.code !== "ENOENT") fallbacks.happened("linked-copies", "refused");
      return false;
    },
  );
}
