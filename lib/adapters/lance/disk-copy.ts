import { link, mkdir, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../../config/limits.ts";
import { DomainError } from "../../domain/errors.ts";
import type { ObjectStore } from "../../domain/ports.ts";
import { newCopyFolder } from "./copy-folder.ts";
import { manifestName } from "./manifest-name.ts";

/** A table's files on this machine's disk. */
export interface DiskCopy {
  /** Database folder that holds the table under its own name. */
  folder: string;
  bytes: number;
  remove(): Promise<void>;
}

export interface CopyOptions {
  /** Only this version's manifest, so that it is the one that opens; without it, all there are. */
  version?: number;
  /** Only these files. */
  isWanted?: (key: string) => boolean;
  /** Another copy of the table: what it has is linked. Files of a table never change under their names. */
  from?: DiskCopy;
  /** No copy is made of more. */
  maxBytes?: number;
  concurrency?: number;
  /** How long to pause after a part, in times of what it took: room for searches meanwhile. */
  pause?: number;
  signal?: AbortSignal;
}

/**
 * Copies a table's files to the temporary disk.
 * @param folder of the table in the store, ending with `/`
 * @returns undefined when the disk has no room for it, or it is too large
 */
export async function copyToDisk(
  store: ObjectStore,
  folder: string,
  options: CopyOptions = {},
): Promise<DiskCopy | undefined> {
  const files = (await store.list(folder)).filter(
    ({ key }) => isOfVersion(key, options.version) && (options.isWanted?.(key) ?? true),
  );
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const disk = await statfs(tmpdir());
  const room = Math.min(disk.bavail * disk.bsize * limits.diskCopyShare, options.maxBytes ?? Infinity);
  if (bytes > room) return undefined;
  const root = await newCopyFolder();
  const copy = { folder: root, bytes, remove: () => rm(root, { recursive: true, force: true }) };
  try {
    await copyFiles(store, folder, files, copy, options);
    return copy;
  } catch (error) {
    await copy.remove();
    throw error;
  }
}

function isOfVersion(key: string, version: number | undefined): boolean {
  return version === undefined || !key.includes("/_versions/") || key.endsWith(`/${manifestName(version)}`);
}

async function copyFiles(
  store: ObjectStore,
  folder: string,
  files: { key: string; bytes: number }[],
  copy: DiskCopy,
  { from, concurrency = limits.diskCopyConcurrency, pause = 0, signal }: CopyOptions,
): Promise<void> {
  const table = folder.split("/").at(-2) ?? "";
  const pathIn = (root: string, key: string) => join(root, table, key.slice(folder.length));
  const missing: typeof files = [];
  for (const file of files)
    if (!from || !(await isLinked(pathIn(from.folder, file.key), pathIn(copy.folder, file.key))))
      missing.push(file);
  const parts = missing.flatMap(({ key, bytes }) =>
    partsOf(bytes).map((start) => ({ key, start, end: Math.min(bytes, start + limits.diskCopyPartBytes) })),
  );
  await inParallel(parts, concurrency, async ({ key, start, end }) => {
    signal?.throwIfAborted();
    const begun = performance.now();
    await copyPart(store, key, pathIn(copy.folder, key), start, end);
    if (pause > 0) await sleep((performance.now() - begun) * pause, undefined, signal ? { signal } : {});
  });
}

/** @returns false when there is nothing to link to */
async function isLinked(from: string, to: string): Promise<boolean> {
  await mkdir(dirname(to), { recursive: true });
  return link(from, to).then(
    () => true,
    () => false,
  );
}

/** Where the parts of a file start; an empty file has one. */
function partsOf(bytes: number): number[] {
  const count = Math.max(1, Math.ceil(bytes / limits.diskCopyPartBytes));
  return Array.from({ length: count }, (_, i) => i * limits.diskCopyPartBytes);
}

async function copyPart(store: ObjectStore, key: string, path: string, start: number, end: number) {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "a").then(async (created) => {
    await created.close();
    return open(path, "r+");
  });
  try {
    const bytes = end > start ? await store.read(key, start, end) : new Uint8Array();
    const { bytesWritten } = await file.write(bytes, 0, bytes.length, start);
    if (bytesWritten !== end - start)
      throw new DomainError(
        "StoreUnavailable",
        `${end - start} bytes were to be copied, ${bytesWritten} were`,
      );
  } finally {
    await file.close();
  }
}

/** After a failure nothing more is begun, and it is thrown when what was begun has ended. */
async function inParallel<T>(items: T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const failures: unknown[] = [];
  const worker = async () => {
    for (const item of queue)
      if (failures.length === 0) await work(item).catch((error) => failures.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
