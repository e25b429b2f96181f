import { link, readdir, rm, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, isAbsent } from "./file-errors.ts";

/**
 * The versions of one object, each a file with its number for a name. Version n+1 is made by link(2), which fails when it
 * exists: of two writers that read version n exactly one wins, in any number of processes and without a lock that a killed
 * process could leave behind. Old versions go, lowest first, but never the highest; `0` says that the first has gone.
 */
export class VersionChain {
  /** Holds the versions, and drafts. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  pathOf(version: number): string {
    return join(this.folder, String(version));
  }

  /** The object's version. @returns undefined where there is none */
  async highest(): Promise<number | undefined> {
    const versions = await this.#versions();
    return versions.length === 0 ? undefined : versions.reduce((one, other) => Math.max(one, other));
  }

  /**
   * Makes a draft the version after `before`; either way it is gone.
   * @returns its number; undefined when another was first
   */
  async append(draft: string, before: number): Promise<number | undefined> {
    const next = before + 1;
    try {
      await link(draft, this.pathOf(next));
    } catch (error) {
      if (codeOf(error) === "EEXIST") return undefined;
      throw error;
    } finally {
      await unlink(draft);
    }
    // before 0 there is nothing, unless the first version has been cleared away
    if ((await exists(this.pathOf(before))) === before > 0) return next;
    await rm(this.pathOf(next), { force: true });
    return undefined;
  }

  /**
   * Lowest first: a version whose predecessor is there has never been cleared away, so a link of its number that
   * succeeds is the first ever. Young ones stay for readers and writers that are between two calls.
   */
  async clear(newest: number): Promise<void> {
    const versions = (await this.#versions()).filter((one) => one > 0 && one < newest - keptVersions);
    for (const version of versions.sort((a, b) => a - b)) {
      const path = this.pathOf(version);
      if (!(await isOlderThan(path, keptMs))) return;
      if (version === 1) await writeFile(this.pathOf(0), "");
      await rm(path, { force: true });
    }
  }

  async #versions(): Promise<number[]> {
    try {
      return (await readdir(this.folder)).filter((name) => /^\d+$/.test(name)).map(Number);
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }
}

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
