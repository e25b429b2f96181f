import { DomainError } from "../../../domain/errors.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { manifestKey } from "./manifest-name.ts";

export interface StoredFile {
  key: string;
  bytes: number;
}

/** Where the files of versions lie; what else there is are manifests and the history that led to them. */
export const copiedParts = ["data/", "_deletions/", "_indices/"];

/** Of all versions that there are. @param folder of the table, ending with `/` */
export async function filesUnder(
  store: ObjectStore,
  folder: string,
  parts = copiedParts,
): Promise<StoredFile[]> {
  return (await Promise.all(parts.map((part) => store.list(folder + part)))).flat();
}

/**
 * The files that one version of a table is made of, its manifest last; files of other versions may be among them, but not
 * the history that led to it, which is the longer the more commits there were.
 * @param folder of the table, ending with `/`
 * @param nearestOnly what a search for the nearest by the vector index reads: neither rows nor scalar indexes, whose files
 * end otherwise
 * @throws StoreUnavailable when there is no such version
 */
export async function filesOfVersion(
  store: ObjectStore,
  folder: string,
  version: number,
  nearestOnly = false,
): Promise<StoredFile[]> {
  const manifest = manifestKey(folder, version);
  const [found, listed] = await Promise.all([
    store.stat(manifest),
    filesUnder(store, folder, nearestOnly ? ["_deletions/", "_indices/"] : copiedParts),
  ]);
  if (!found) throw new DomainError("StoreUnavailable", `version ${version} is not there`);
  const files = listed.filter(({ key }) => !nearestOnly || isForNearest(key));
  return [...files, { key: manifest, bytes: found.bytes }];
}

const isForNearest = (key: string) => !key.includes(".lance/_indices/") || key.endsWith(".idx");
