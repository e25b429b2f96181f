import { limits } from "../../config/limits.ts";
import type { ObjectStore } from "../../domain/ports.ts";

/**
 * Copies one version of a Lance table to another folder of the same store. Files of a version never change and its
 * manifest names them relative to the table, so the copy of the manifest, made last, is the commit.
 * Manifest names count down from 2^64 - 1 (Lance's V2 naming), so that the newest lists first.
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
  const manifest = `_versions/${18446744073709551615n - BigInt(version)}.manifest`;
  await store.copy(from + manifest, to + manifest);
}
