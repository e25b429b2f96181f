import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import type { LaterFile } from "../files/files-since.ts";
import { manifestKey } from "../files/manifest-name.ts";
import type { LaterVersion } from "../reading/store-table.ts";
import type { Copy } from "./copy.ts";
import { copyParts, partsOf } from "./copy-parts.ts";

/** Where the files of a table lie in its store. */
export interface CopiedTable {
  store: ObjectStore;
  /** Ends with `/`. */
  folder: string;
}

/** A file that was added, and how many versions are read that name it. */
interface Added {
  users: number;
  there: Promise<void>;
}

/**
 * A copy, and in its folder what later versions have beside its files: files of a table never change under their names, and
 * LanceDB's caches go by them. Counted by the versions that are read; a file goes with the last that names it.
 */
export class SharedFolder {
  readonly base: Copy;
  readonly #table: CopiedTable;
  readonly #added = new Map<string, Added>();
  #versions = 0;

  constructor(base: Copy, table: CopiedTable) {
    this.base = base;
    this.#table = table;
  }

  manifestOf(version: number): Promise<Uint8Array> {
    return readFile(this.#pathOf(manifestKey("", version)));
  }

  enter(): void {
    this.#versions += 1;
  }

  /** @returns when these are there, each of which is fetched once @throws StoreUnavailable; none is held then */
  async hold(files: LaterFile[]): Promise<void> {
    const missing = files.filter(({ path }) => !this.#added.has(path));
    const there = this.#fetch(missing);
    for (const { path } of missing) this.#added.set(path, { users: 0, there });
    const held = files.flatMap(({ path }) => this.#added.get(path) ?? []);
    for (const file of held) file.users += 1;
    try {
      await Promise.all([there, ...held.map((file) => file.there)]);
    } catch (error) {
      await this.#leave(files);
      throw error;
    }
  }

  /** In one step: LanceDB lists the folder for the newest. */
  async put({ version, manifest }: LaterVersion): Promise<void> {
    const draft = join(this.base.folder, `${version}.draft`);
    await writeFile(draft, manifest);
    await rename(draft, this.#pathOf(manifestKey("", version)));
  }

  /** The copy goes with the last of its versions. */
  async release(version: number, files: LaterFile[]): Promise<void> {
    this.#versions -= 1;
    if (this.#versions === 0) return this.base.remove();
    if (version !== this.base.version) await this.#remove(manifestKey("", version));
    await this.#leave(files);
  }

  async #leave(files: LaterFile[]): Promise<void> {
    for (const { path } of files) {
      const added = this.#added.get(path);
      if (!added) continue;
      added.users -= 1;
      if (added.users > 0) continue;
      this.#added.delete(path);
      await this.#remove(path);
    }
  }

  async #remove(path: string): Promise<void> {
    await rm(this.#pathOf(path), { force: true });
  }

  async #fetch(files: LaterFile[]): Promise<void> {
    const sized = files.filter(({ bytes }) => bytes > 0);
    const parts = sized.flatMap(({ path, bytes }) =>
      partsOf(this.#table.folder + path, this.#pathOf(path), [{ start: 0, end: bytes }]),
    );
    const others = files.filter(({ bytes }) => bytes === 0);
    await Promise.all([
      copyParts(this.#table.store, parts, { concurrency: limits.laterPartsAtATime }),
      ...others.map(({ path }) => this.#fetchAll(path)),
    ]);
  }

  /** Of a file of which nobody has told how long it is. */
  async #fetchAll(path: string): Promise<void> {
    const stored = await this.#table.store.get(this.#table.folder + path);
    if (!stored) throw new DomainError("StoreUnavailable", "a file that a manifest names is not there");
    await mkdir(dirname(this.#pathOf(path)), { recursive: true });
    await writeFile(this.#pathOf(path), stored.body);
  }

  #pathOf(path: string): string {
    return join(this.base.folder, this.#table.folder.split("/").at(-2) ?? "", path);
  }
}
