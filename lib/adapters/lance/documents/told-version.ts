import type { ObjectStore } from "../../../domain/object-store.ts";
import { filesNamedIn, readManifest } from "../files/manifest.ts";
import { manifestKey } from "../files/manifest-name.ts";
import { missing } from "../files/whole-version.ts";

/** A table whose files cannot all be told: nothing of it is removed. */
export class NotKnown extends Error {}

export interface Table {
  store: ObjectStore;
  /** Ends with `/`. */
  folder: string;
}

export interface Told {
  writtenAt: number;
  /** Of files, and of folders of indexes, which end with `/`. */
  paths: string[];
}

/** What a version names. @throws NotKnown */
export async function told({ store, folder }: Table, version: number): Promise<Told> {
  const found = await store.get(manifestKey(folder, version));
  if (!found) throw missing(`version ${version} is not there`, []); // somebody else removes versions, too
  const manifest = manifestIn(found.body);
  const { files, folders, unknown } = filesNamedIn(manifest);
  if (unknown.length > 0) throw new NotKnown();
  return { writtenAt: manifest.writtenAt, paths: [...new Set([...files.map(namedPath), ...folders])] };
}

function manifestIn(bytes: Uint8Array) {
  try {
    return readManifest(bytes);
  } catch {
    throw new NotKnown();
  }
}

/** By which versions name a file: of indexes the folder, which goes as a whole. */
export const namedPath = (path: string) => /^_indices\/[^/]+\//.exec(path)?.[0] ?? path;
