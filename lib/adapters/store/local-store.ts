import { randomUUID } from "node:crypto";
import type { Dirent } from "node:fs";
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DomainError } from "../../domain/errors.ts";
import type { ObjectStore, WriteCondition } from "../../domain/ports.ts";

/**
 * A folder as an object store.
 *
 * An object that is written conditionally is a chain of versions beside it: `registry/.docs.json.v/7`. Version n+1 is
 * made by link(2), which fails when it exists: of two writers that read version n exactly one wins, in any number of
 * processes and without a lock that a killed process could leave behind. The highest version is the object; `docs.json`
 * is a copy for people and tools. Old versions go, lowest first, but never the highest; `0` says that the first has gone.
 */
export class LocalStore implements ObjectStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** link(2) refuses a second writer on every file system. */
  async ensureWritable(): Promise<void> {}

  async get(key: string) {
    for (;;) {
      const highest = await this.#highest(key);
      const path = highest === undefined ? this.#path(key) : join(this.#chain(key), String(highest));
      try {
        return { body: new Uint8Array(await readFile(path)), etag: String(highest ?? 0) };
      } catch (error) {
        if (!isAbsent(error)) throw error;
        if (highest === undefined) return undefined;
        // a newer version came and this one was cleared away between two calls: look again
      }
    }
  }

  async put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<string> {
    if (!condition) return this.#replace(key, body);
    const before = "ifMatch" in condition ? Number(condition.ifMatch) : 0;
    if ("ifNoneMatch" in condition && (await this.get(key))) throw conflict(key);
    return this.#append(key, body, before);
  }

  async list(
    prefix: string,
    { after = "", limit = Number.POSITIVE_INFINITY }: { after?: string; limit?: number } = {},
  ) {
    const found: { key: string; bytes: number }[] = [];
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    for await (const key of this.#walk(folder, after)) {
      if (!key.startsWith(prefix) || key <= after) continue;
      const bytes = (await this.bytesOf(key)) ?? (await this.get(key))?.body.length;
      if (bytes !== undefined) found.push({ key, bytes });
      if (found.length >= limit) break;
    }
    return found;
  }

  async deletePrefix(prefix: string): Promise<void> {
    if (prefix.endsWith("/")) return rm(this.#path(prefix), { recursive: true, force: true });
    for (const { key } of await this.list(prefix)) await rm(this.#path(key), { force: true });
  }

  async read(key: string, start: number, end: number) {
    const bytes = new Uint8Array(end - start);
    return bytes.subarray(0, await this.readInto(key, start, bytes));
  }

  async readInto(key: string, start: number, into: Uint8Array): Promise<number> {
    const file = await open(this.#path(key));
    try {
      return (await file.read(into, 0, into.length, start)).bytesRead;
    } finally {
      await file.close();
    }
  }

  async bytesOf(key: string): Promise<number | undefined> {
    try {
      const found = await stat(this.#path(key));
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** A hard link where the file system has them: objects are never changed in place. */
  async copy(from: string, to: string): Promise<void> {
    const [source, target] = [this.#path(from), this.#path(to)];
    await mkdir(dirname(target), { recursive: true });
    await link(source, target).catch(async (error) => {
      if (codeOf(error) !== "EEXIST") await copyFile(source, target);
    });
  }

  async #replace(key: string, body: Uint8Array): Promise<string> {
    const path = this.#path(key);
    const draft = await this.#draft(dirname(path), body);
    await rename(draft, path);
    return "0";
  }

  async #append(key: string, body: Uint8Array, before: number): Promise<string> {
    const chain = this.#chain(key);
    const draft = await this.#draft(chain, body);
    const next = before + 1;
    try {
      await link(draft, join(chain, String(next)));
    } catch (error) {
      if (codeOf(error) === "EEXIST") throw conflict(key);
      throw error;
    } finally {
      await unlink(draft);
    }
    // before 0 there is nothing, unless the first version has been cleared away
    if ((await exists(join(chain, String(before)))) !== before > 0) {
      await rm(join(chain, String(next)), { force: true });
      throw conflict(key);
    }
    await this.#mirror(key);
    await this.#clear(chain, next);
    return String(next);
  }

  /** Again until the copy is of the highest version: two writers may mirror in the wrong order. */
  async #mirror(key: string): Promise<void> {
    for (;;) {
      const current = await this.get(key);
      if (!current) return;
      await this.#replace(key, current.body);
      if (String(await this.#highest(key)) === current.etag) return;
    }
  }

  /**
   * Lowest first: a version whose predecessor is there has never been cleared away, so a link of its number that
   * succeeds is the first ever. Young ones stay for readers and writers that are between two calls.
   */
  async #clear(chain: string, newest: number): Promise<void> {
    const versions = (await this.#versions(chain)).filter((one) => one > 0 && one < newest - keptVersions);
    for (const version of versions.sort((a, b) => a - b)) {
      const path = join(chain, String(version));
      if (!(await isOlderThan(path, keptMs))) return;
      if (version === 1) await writeFile(join(chain, "0"), "");
      await rm(path, { force: true });
    }
  }

  async #highest(key: string): Promise<number | undefined> {
    const versions = await this.#versions(this.#chain(key));
    return versions.length === 0 ? undefined : versions.reduce((one, other) => Math.max(one, other));
  }

  async #versions(chain: string): Promise<number[]> {
    try {
      return (await readdir(chain)).filter((name) => /^\d+$/.test(name)).map(Number);
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  async #draft(folder: string, body: Uint8Array): Promise<string> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `.${randomUUID()}.tmp`);
    await writeFile(path, body, { flag: "wx" });
    return path;
  }

  /** Keys in the order S3 lists them; whole folders before `after` are passed over. */
  async *#walk(folder: string, after: string): AsyncGenerator<string> {
    for (const name of await this.#entries(folder)) {
      const key = folder + name;
      if (!name.endsWith("/")) yield key;
      else if (key >= after.slice(0, key.length)) yield* this.#walk(key, after);
    }
  }

  async #entries(folder: string): Promise<string[]> {
    try {
      const entries = await readdir(this.#path(folder), { withFileTypes: true });
      const names = entries.map(
        (entry) => entry.name.replace(/^\.(.+)\.v$/, "$1") + (isFolder(entry) ? "/" : ""),
      );
      return [...new Set(names.filter((name) => !name.startsWith(".")))].sort();
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  #path(key: string): string {
    return join(this.#root, key);
  }

  #chain(key: string): string {
    return join(dirname(this.#path(key)), `.${basename(key)}.v`);
  }
}

function conflict(key: string): DomainError {
  return new DomainError("Conflict", `${basename(key, ".json")} was changed by somebody else`);
}

/** A chain of versions is a folder that stands for a file, whose copy may not have been made yet. */
const isFolder = (entry: Dirent) => entry.isDirectory() && !/^\..+\.v$/.test(entry.name);

const keptVersions = 8;
const keptMs = 30_000;

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isOlderThan(path: string, ms: number): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > ms,
    () => true,
  );
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
const isAbsent = (error: unknown) => ["ENOENT", "ENOTDIR", "EISDIR"].includes(codeOf(error) ?? "");
