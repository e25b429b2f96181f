import { limits } from "../../../config/limits.ts";
import { inGroups } from "../../../domain/in-groups.ts";
import type { WritePermit } from "../../../domain/index/generations.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { isKnownFile, unknownIn } from "../files/known-files.ts";
import { filesNamedBy, type NamedFiles } from "../files/manifest.ts";
import { manifestKey } from "../files/manifest-name.ts";
import { copiedParts, filesUnder } from "../files/version-files.ts";
import { missing, refuseMissing, refuseUnknown } from "../files/whole-version.ts";

/** Sizes of files by their paths in the folder of the table. */
type Sizes = Map<string, number>;

/**
 * Copies one version of a Lance table to another folder of the same store. Files of a version never change and its
 * manifest names them relative to the table, so the copy of the manifest, made last, is the commit. Before it, what was
 * copied is compared with what there was and with what the manifest names.
 * @throws TableNotKnown where a part of the table might be missed; StoreUnavailable where one is missing
 */
export async function copyVersion(
  store: ObjectStore,
  from: string,
  version: number,
  to: string,
  permit: WritePermit,
): Promise<void> {
  const named = filesNamedBy(await manifestOf(store, from, version));
  const files = await sizesIn(store, from, named);
  refuseUnknown([...named.unknown, ...(await unknownFiles(store, from, files))]);
  refuseMissing([...files.keys()], named);
  await inGroups([...files.keys()], limits.forkConcurrency, (path) => store.copy(from + path, to + path));
  refuseOther(await sizesIn(store, to, named), files);
  await permit();
  await store.copy(manifestKey(from, version), manifestKey(to, version));
}

async function manifestOf(store: ObjectStore, folder: string, version: number): Promise<Uint8Array> {
  const found = await store.get(manifestKey(folder, version));
  if (!found) throw missing(`version ${version} is not there`, []);
  return found.body;
}

/** Of whatever version; of the history only what is named, as it is the longer the more commits there were. */
async function sizesIn(store: ObjectStore, folder: string, { files }: NamedFiles): Promise<Sizes> {
  const sizes = new Map(
    (await filesUnder(store, folder)).map(({ key, bytes }) => [key.slice(folder.length), bytes]),
  );
  for (const path of files.filter((path) => !copiedParts.some((part) => path.startsWith(part)))) {
    const found = await store.stat(folder + path);
    if (found) sizes.set(path, found.bytes);
  }
  return sizes;
}

async function unknownFiles(store: ObjectStore, folder: string, files: Sizes): Promise<string[]> {
  const elsewhere = await unknownIn(store, folder);
  const unknown = [...files.keys()].filter((path) => !isKnownFile(path));
  return elsewhere === undefined ? unknown : [elsewhere, ...unknown];
}

function refuseOther(copied: Sizes, files: Sizes): void {
  const others = [...files].filter(([path, bytes]) => copied.get(path) !== bytes);
  if (others.length === 0) return;
  const paths = others.map(([path]) => path);
  throw missing(`${others.length} files are not in the copy as they were`, paths);
}
