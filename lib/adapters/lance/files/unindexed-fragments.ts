import { fragmentsHeldBy } from "./fragment-bitmap.ts";
import { type Fragment, hasStableRowIds, readManifest } from "./manifest.ts";

/**
 * The fragments of a version that no index holds: what was written since it was built.
 * @returns undefined where that cannot be told, or where ids of rows do not say where these are
 * @throws Error when it is no manifest
 */
export function unindexedFragments(manifest: Uint8Array): Fragment[] | undefined {
  const read = readManifest(manifest);
  const { fragments, indexes, unknown } = read;
  if (unknown.size > 0 || hasStableRowIds(read)) return undefined;
  if (fragments.some(({ rows }) => rows <= 0)) return undefined; // Lance of old does not say how many there are
  const held = fragmentsHeldBy(indexes);
  return held && fragments.filter(({ id }) => !held.has(id));
}
