import { link, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { indexFolder } from "./bench-lakehouse.ts";
import type { BenchRun } from "./bench-run.ts";
import { cache } from "./bench-set.ts";
import type { BenchStore } from "./bench-store.ts";

const table = "g1.lance";

/**
 * Lets work be done on a copy of an index's first generation, beside it on the store or in the local folder.
 * @param work is given the copy's database
 */
export async function withTableCopy<T>(
  { store }: BenchRun,
  index: string,
  work: (uri: string) => Promise<T>,
): Promise<T> {
  return store ? withCopyOnStore(store, index, work) : withLinks(index, work);
}

async function withCopyOnStore<T>(store: BenchStore, index: string, work: (uri: string) => Promise<T>) {
  const database = "copies";
  await store.remove(database);
  await store.copy(`lance/${index}/${table}`, `${database}/${table}`);
  try {
    return await work(store.uriOf(database));
  } finally {
    await store.remove(database);
  }
}

/** Files of Lance are never changed, so that a copy which is removed again leaves the original as it was. */
async function withLinks<T>(index: string, work: (uri: string) => Promise<T>) {
  const database = join(cache, "copies");
  await rm(database, { recursive: true, force: true });
  await linkAll(join(indexFolder(index), table), join(database, table));
  try {
    return await work(database);
  } finally {
    await rm(database, { recursive: true, force: true });
  }
}

async function linkAll(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const source = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, source));
    await mkdir(dirname(target), { recursive: true });
    await link(source, target);
  }
}
