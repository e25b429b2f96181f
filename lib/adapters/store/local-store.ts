import type { BigIntStats } from "node:fs";
import { type FileHandle, link, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { limits } from "../../config/limits.ts";
import { DomainError } from "../../domain/errors.ts";
import { type Fallbacks, unobserved } from "../../domain/fallbacks.ts";
import type { ListedObject, ObjectStat, ObjectStore, WriteCondition } from "../../domain/object-store.ts";
import { sourceChanged } from "../../domain/source/source-changed.ts";
import { Places } from "../places.ts";
import { BucketFolder } from "./bucket-folder.ts";
import { Drafts } from "./drafts.ts";
import { codeOf, isAbsent } from "./file-errors.ts";
import { keysUnder } from "./local-listing.ts";
import { VersionChain } from "./version-chain.ts";

/**
 * A folder as an object store.
 *
 * An object that is written conditionally is a chain of versions beside it: `registry/.docs.json.v/7`. The highest version
 * is the object; `docs.json` is a copy for people and tools.
 */
export class LocalStore implements ObjectStore {
  readonly #folder: BucketFolder;
  readonly #fallbacks: Fallbacks;
  readonly #drafts = new Drafts();

  constructor(root: string, fallbacks = unobserved) {
    this.#fallbacks = fallbacks;
    this.#folder = new BucketFolder(root);
  }

  /** link(2) refuses a second writer on every file system. */
  async ensureWritable(): Promise<void> {}

  async get(key: string) {
    for (;;) {
      const chain = this.#chain(key);
      const highest = await chain.highest();
      const path = highest === undefined ? this.#path(key) : chain.pathOf(highest);
      try {
        return { ...(await this.#whole(path)), etag: String(highest ?? 0) };
      } catch (error) {
        if (!isAbsent(error)) throw error;
        if (highest === undefined) return undefined;
        // a newer version came and this one was cleared away between two calls: look again
      }
    }
  }

  /** Its identity is older than its bytes, if anything: who changes a file in place is noticed later, never missed. */
  async #whole(path: string): Promise<{ body: Uint8Array; identity: string }> {
    return withFile(async () => {
      const file = await open(await this.#folder.realPath(path));
      try {
        const identity = identityOf(await file.stat({ bigint: true }));
        return { body: new Uint8Array(await file.readFile()), identity };
      } finally {
        await file.close();
      }
    });
  }

  async put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<string> {
    if (!condition) return this.#replace(key, body);
    const before = "ifMatch" in condition ? Number(condition.ifMatch) : 0;
    if ("ifNoneMatch" in condition && (await this.get(key))) {
      await this.#drafts.sweep(this.#chain(key).folder); // nobody may ever write there again
      throw conflict(key);
    }
    return this.#append(key, body, before);
  }

  async list(
    prefix: string,
    { after = "", limit = Number.POSITIVE_INFINITY }: { after?: string; limit?: number } = {},
  ) {
    const found: ListedObject[] = [];
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    for await (const { key, isChain } of keysUnder(this.#folder, folder, after)) {
      if (!key.startsWith(prefix) || key <= after) continue;
      const stat = isChain ? await this.#statOfHighest(key) : await this.#stat(this.#path(key));
      if (stat) found.push({ key, ...stat });
      if (found.length >= limit) break;
    }
    return found;
  }

  /** Of the version that `get` reads, whose plain copy may be of another. */
  async #statOfHighest(key: string): Promise<Omit<ListedObject, "key"> | undefined> {
    for (;;) {
      const chain = this.#chain(key);
      const highest = await chain.highest();
      const stat = await this.#stat(highest === undefined ? this.#path(key) : chain.pathOf(highest));
      if (stat || highest === undefined) return stat;
    }
  }

  /** Of a folder that is a link the link goes, not what it leads to. */
  async deletePrefix(prefix: string): Promise<void> {
    if (!prefix.endsWith("/")) {
      for (const { key } of await this.list(prefix)) await rm(this.#path(key), { force: true });
      return;
    }
    const folder = this.#path(prefix.slice(0, -1));
    await this.#folder.refuseOutside(folder);
    await rm(folder, { recursive: true, force: true });
  }

  async delete(keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.#folder.refuseOutside(this.#path(key));
      await rm(this.#path(key), { force: true });
    }
  }

  async read(key: string, start: number, end: number, identity?: string) {
    const bytes = new Uint8Array(end - start);
    return bytes.subarray(0, await this.readInto(key, start, bytes, identity));
  }

  /** The file that was opened is looked at, as another may take its name meanwhile; afterwards again, for one that is written over. */
  async readInto(key: string, start: number, into: Uint8Array, identity?: string): Promise<number> {
    return withFile(async () => {
      const file = await this.#open(key, identity !== undefined);
      try {
        if (identity !== undefined) await refuseChanged(key, file, identity);
        const { bytesRead } = await file.read(into, 0, into.length, start);
        if (identity !== undefined) await refuseChanged(key, file, identity);
        return bytesRead;
      } finally {
        await file.close();
      }
    });
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    const found = await this.#stat(this.#path(key));
    return found && { bytes: found.bytes, identity: found.identity };
  }

  async #stat(path: string): Promise<Omit<ListedObject, "key"> | undefined> {
    try {
      const found = await stat(await this.#folder.realPath(path), { bigint: true });
      if (!found.isFile()) return undefined;
      return { bytes: Number(found.size), identity: identityOf(found), modifiedMs: Number(found.mtimeMs) };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** A hard link where the file system has them: objects are never changed in place. Else a draft, so that none is half there. */
  async copy(from: string, to: string): Promise<void> {
    const [source, target] = [await this.#folder.realPath(this.#path(from)), this.#path(to)];
    await this.#folder.refuseOutside(target);
    await mkdir(dirname(target), { recursive: true });
    await link(source, target).catch(async (error) => {
      if (codeOf(error) === "EEXIST") return;
      await rename(await this.#drafts.copy(dirname(target), source), target);
      this.#fallbacks.happened("hard-links", "refused");
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
    const made = await chain.append(await this.#draft(chain.folder, body), before);
    if (made === undefined) throw conflict(key);
    await this.#mirror(key);
    await chain.clear(made);
    return String(made);
  }

  /** Again until the copy is of the highest version: two writers may mirror in the wrong order. */
  async #mirror(key: string): Promise<void> {
    for (;;) {
      const current = await this.get(key);
      if (!current) return;
      await this.#replace(key, current.body);
      if (String(await this.#chain(key).highest()) === current.etag) return;
    }
  }

  async #draft(folder: string, body: Uint8Array): Promise<string> {
    await this.#folder.refuseOutside(join(folder, "draft"));
    return withFile(() => this.#drafts.write(folder, body));
  }

  /** @param isPlanned whether it has been there */
  async #open(key: string, isPlanned: boolean): Promise<FileHandle> {
    try {
      return await open(await this.#folder.realPath(this.#path(key)));
    } catch (error) {
      throw isPlanned && isAbsent(error) ? sourceChanged(key, "is gone") : error;
    }
  }

  #path(key: string): string {
    return this.#folder.pathOf(key);
  }

  #chain(key: string): VersionChain {
    return new VersionChain(join(dirname(this.#path(key)), `.${basename(key)}.v`));
  }
}

/** Of the process: Node opens all that is asked for at once before it closes any of it, and descriptors are few. */
const places = new Places(limits.filesAtATime);

const withFile = <T>(work: () => Promise<T>) => places.hold(limits.fileWaitMs, work);

function conflict(key: string): DomainError {
  return new DomainError("Conflict", `${basename(key, ".json")} was changed by somebody else`);
}

/** Renaming another file over it changes the first, writing to it the others. */
const identityOf = ({ ino, size, mtimeNs }: BigIntStats) => `${ino}-${size}-${mtimeNs}`;

async function refuseChanged(key: string, file: FileHandle, identity: string): Promise<void> {
  if (identityOf(await file.stat({ bigint: true })) !== identity) throw sourceChanged(key);
}
