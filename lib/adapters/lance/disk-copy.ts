import { mkdir, mkdtemp, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { limits } from "../../config/limits.ts";
import type { ObjectStore } from "../../domain/ports.ts";

/** A table's files on this machine's disk. */
export interface DiskCopy {
  /** Database folder that holds the table under its own name. */
  folder: string;
  remove(): Promise<void>;
}

/**
 * Copies a table's files to the temporary disk, so that hundreds of searches cost no requests.
 * @param folder of the table in the store, ending with `/`
 * @returns undefined when the disk has no room for it
 */
export async function copyToDisk(store: ObjectStore, folder: string): Promise<DiskCopy | undefined> {
  const files = await store.list(folder);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const disk = await statfs(tmpdir());
  if (bytes > disk.bavail * disk.bsize * limits.diskCopyShare) return undefined;
  const root = await mkdtemp(join(tmpdir(), "generation-"));
  const table = folder.split("/").at(-2) ?? "";
  const copy = { folder: root, remove: () => rm(root, { recursive: true, force: true }) };
  try {
    const parts = files.flatMap(({ key, bytes: size }) =>
      partsOf(size).map((start) => ({ key, start, end: Math.min(size, start + limits.diskCopyPartBytes) })),
    );
    await inParallel(parts, limits.diskCopyConcurrency, ({ key, start, end }) =>
      copyPart(store, key, join(root, table, key.slice(folder.length)), start, end),
    );
    return copy;
  } catch (error) {
    await copy.remove();
    throw error;
  }
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
    if (end > start) await file.write(await store.read(key, start, end), 0, end - start, start);
  } finally {
    await file.close();
  }
}

async function inParallel<T>(items: T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
