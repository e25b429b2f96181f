import { createHash, randomUUID } from "node:crypto";
import { constants, copyFile, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { limits } from "../../config/limits.ts";
import { isAlive } from "../is-alive.ts";

const host = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
/** Host and process of a draft, and the time it was begun at; drafts of old have neither. */
const draftName = /^\.(?:([0-9a-f]{8})-(\d+)-)?[0-9a-f-]{36}\.tmp$/;

/**
 * Files that get their name when they are whole. A process that is killed in between leaves a draft, which nobody lists;
 * the next that writes to its folder removes it.
 */
export class Drafts {
  readonly #swept = new Set<string>();

  /** @returns the draft's path; whoever asked for it renames or removes it */
  async write(folder: string, body: Uint8Array): Promise<string> {
    return this.#filled(folder, (path) => writeFile(path, body, { flag: "wx" }));
  }

  /** The same of another file. */
  async copy(folder: string, source: string): Promise<string> {
    return this.#filled(folder, (path) => copyFile(source, path, constants.COPYFILE_EXCL));
  }

  async #filled(folder: string, fill: (path: string) => Promise<void>): Promise<string> {
    await mkdir(folder, { recursive: true });
    await this.sweep(folder);
    const path = join(folder, `.${host}-${process.pid}-${randomUUID()}.tmp`);
    try {
      await fill(path);
    } catch (error) {
      await rm(path, { force: true }); // a full disk would be full of such
      throw error;
    }
    return path;
  }

  /** Once for each folder of this process. */
  async sweep(folder: string): Promise<void> {
    if (this.#swept.has(folder)) return;
    if (this.#swept.size >= limits.maxSweptFolders) this.#swept.clear();
    this.#swept.add(folder);
    const drafts = (await readdir(folder).catch(() => [])).filter((name) => draftName.test(name));
    for (const name of drafts) {
      const path = join(folder, name);
      if (await isLeft(name, path)) await rm(path, { force: true });
    }
  }
}

/** Of a process that has ended; of one that cannot be asked, when it is older than any write. */
async function isLeft(name: string, path: string): Promise<boolean> {
  const [, owner, pid] = draftName.exec(name) ?? [];
  if (owner === host && Number(pid) !== process.pid && !isAlive(Number(pid))) return true;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  return Date.now() - mtimeMs > limits.draftMaxAgeMs;
}
