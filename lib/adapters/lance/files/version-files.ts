import { DomainError } from "../../../domain/errors.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { manifestKey } from "./manifest-name.ts";

export interface StoredFile {
  key: string;
  bytes: number;
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
  const parts = nearestOnly ? ["_deletions/", "_indices/"] : ["data/", "_deletions/", "_indices/"];
  const manifest = manifestKey(folder, version);
  const [found, ...listed] = await Promise.all([
    store.stat(manifest),
    ...parts.map((part) => store.list(folder + part)),
  ]);
  if (!found) throw new DomainError("StoreUnavailable", `version ${version} is not there`);
  const files = listed.flat().filter(({ key }) => !nearestOnly || isForNearest(key));
  return [...files, { key: manifest, bytes: found.bytes }];
}

const isForNearest = (key: string) => !key.includes(".lance/_indices/") || key.endsWith(".idx");
