import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BucketFolder } from "./bucket-folder.ts";
import { ifThere } from "./file-errors.ts";

export interface LocalKey {
  key: string;
  /** Its versions lie beside it. */
  isChain: boolean;
}

/**
 * Keys in a folder of a local bucket, in the order S3 lists them; whole folders before `after` are passed over.
 * @param folder empty, or ending with `/`
 * @param above the folders it lies in
 * @throws OutsideBucket for a link that leads out of it: what it leads to would be missed
 */
export async function* keysUnder(
  bucket: BucketFolder,
  folder: string,
  after: string,
  above: string[] = [],
): AsyncGenerator<LocalKey> {
  const real = await bucket.realPath(bucket.pathOf(folder)).catch(ifThere);
  if (real === undefined || above.includes(real)) return; // a link to a folder that it lies in
  const { names, chains } = await entriesOf(bucket, bucket.pathOf(folder));
  for (const name of names) {
    const key = folder + name;
    if (!name.endsWith("/")) yield { key, isChain: chains.has(name) };
    else if (key >= after.slice(0, key.length)) yield* keysUnder(bucket, key, after, [...above, real]);
  }
}

async function entriesOf(bucket: BucketFolder, path: string) {
  const entries = (await readdir(path, { withFileTypes: true }).catch(ifThere)) ?? [];
  const chains = new Set(entries.flatMap(({ name }) => chainFolder.exec(name)?.[1] ?? []));
  const names = entries.map(async (entry) => {
    const name = chainFolder.exec(entry.name)?.[1] ?? entry.name;
    return name + ((await isFolder(bucket, entry)) ? "/" : "");
  });
  const shown = [...new Set(await Promise.all(names))].filter((name) => !name.startsWith("."));
  return { names: shown.sort(), chains };
}

const chainFolder = /^\.(.+)\.v$/;

/** A chain of versions is a folder that stands for a file, whose copy may not have been made yet. */
async function isFolder(bucket: BucketFolder, entry: Dirent): Promise<boolean> {
  if (chainFolder.test(entry.name)) return false;
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const real = await bucket.realPath(join(entry.parentPath, entry.name)).catch(ifThere);
  return real !== undefined && (await stat(real)).isDirectory();
}
