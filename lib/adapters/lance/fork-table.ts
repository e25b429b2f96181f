import { limits } from "../../config/limits.ts";
import type { ObjectStore } from "../../domain/ports.ts";
import { manifestName } from "./manifest-name.ts";

/**
 * Copies one version of a Lance table to another folder of the same store. Files of a version never change and its
 * manifest names them relative to the table, so the copy of the manifest, made last, is the commit.
 */
export async function copyVersion(
  store: ObjectStore,
  from: string,
  version: number,
  to: string,
): Promise<void> {
  const kept = ["data/", "_deletions/", "_indices/"];
  const listed = await Promise.all(kept.map((folder) => store.list(from + folder)));
  const keys = listed.flat().map(({ key }) => key.slice(from.length));
  for (let i = 0; i < keys.length; i += limits.forkConcurrency)
    await Promise.all(
      keys.slice(i, i + limits.forkConcurrency).map((key) => store.copy(from + key, to + key)),
    );
  const manifest = `_versions/${manifestName(version)}`;
  await store.copy(from + manifest, to + manifest);
}
