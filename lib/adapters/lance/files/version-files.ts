import { DomainError } from "../../../domain/errors.ts";
import type { ListedObject, ObjectStore } from "../../../domain/object-store.ts";
import { filesNamedBy, type NamedFiles } from "./manifest.ts";
import { manifestKey } from "./manifest-name.ts";
import { missing, refuseMissing, refuseUnknown } from "./whole-version.ts";

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
): Promise<ListedObject[]> {
  return (await Promise.all(parts.map((part) => store.list(folder + part)))).flat();
}

/** One version of a table. */
export interface VersionFiles {
  manifest: Uint8Array;
  /** The manifest last; files of other versions may be among them. */
  files: StoredFile[];
}

/**
 * The files that one version of a table is made of, but not the history that led to it, which is the longer the more
 * commits there were. That all are there which its manifest names is made sure of; folders that are not known are not looked
 * for, as who reads the table in its store looks into none.
 * @param folder of the table, ending with `/`
 * @param nearestOnly what a search for the nearest by the vector index reads: neither rows nor scalar indexes, whose files
 * end otherwise
 * @throws StoreUnavailable when there is no such version, or not all of it; TableNotKnown where a part might be missed
 */
export async function filesOfVersion(
  store: ObjectStore,
  folder: string,
  version: number,
  nearestOnly = false,
): Promise<VersionFiles> {
  const key = manifestKey(folder, version);
  const parts = nearestOnly ? ["_deletions/", "_indices/"] : copiedParts;
  const [found, listed] = await Promise.all([store.get(key), filesUnder(store, folder, parts)]);
  if (!found) throw missing(`version ${version} is not there`, []);
  refuseLess(
    found.body,
    listed.map((file) => file.key.slice(folder.length)),
    parts,
  );
  const files = listed.filter((file) => !nearestOnly || isForNearest(file.key));
  return { manifest: found.body, files: [...files, { key, bytes: found.body.length }] };
}

const isForNearest = (key: string) => !key.includes(".lance/_indices/") || key.endsWith(".idx");

/** @param paths of what there is in some parts of the table's folder */
function refuseLess(manifest: Uint8Array, paths: string[], parts: string[]): void {
  const { files, folders, unknown } = namedBy(manifest);
  const isIn = (path: string) => parts.some((part) => path.startsWith(part));
  refuseUnknown(unknown);
  refuseMissing(paths, { files: files.filter(isIn), folders });
}

function namedBy(manifest: Uint8Array): NamedFiles {
  try {
    return filesNamedBy(manifest);
  } catch (cause) {
    throw new DomainError("TableNotKnown", "its manifest is none that is known here", { cause });
  }
}
