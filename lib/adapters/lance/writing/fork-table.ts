import { limits } from "../../../config/limits.ts";
import type { WritePermit } from "../../../domain/index/generations.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { filesOfVersion } from "../files/version-files.ts";

/**
 * Copies one version of a Lance table to another folder of the same store. Files of a version never change and its
 * manifest names them relative to the table, so the copy of the manifest, made last, is the commit.
 */
export async function copyVersion(
  store: ObjectStore,
  from: string,
  version: number,
  to: string,
  permit: WritePermit,
): Promise<void> {
  const keys = (await filesOfVersion(store, from, version)).map(({ key }) => key);
  const manifest = keys.pop() as string;
  const copied = (key: string) => store.copy(key, to + key.slice(from.length));
  for (let i = 0; i < keys.length; i += limits.forkConcurrency)
    await Promise.all(keys.slice(i, i + limits.forkConcurrency).map(copied));
  await permit();
  await copied(manifest);
}
