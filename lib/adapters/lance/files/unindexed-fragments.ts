import { fragmentsInBitmap } from "./fragment-bitmap.ts";
import { type Fragment, hasStableRowIds, readManifest } from "./manifest.ts";

/**
 * The fragments of a version that no index holds: what was written since it was built.
 * @returns undefined where that cannot be told, or where ids of rows do not say where these are
 * @throws Error when it is no manifest
 */
export function unindexedFragments(manifest: Uint8Array): Fragment[] | undefined {
  const { fragments, indexes, unknown } = readManifest(manifest);
  if (unknown.size > 0 || hasStableRowIds(manifest)) return undefined;
  if (fragments.some(({ rows }) => rows <= 0)) return undefined; // Lance of old does not say how many there are
  const bitmaps = indexes.flatMap(({ fragments: bitmap }) => (bitmap ? [bitmap] : []));
  if (bitmaps.length < indexes.length) return undefined;
  const held = new Set(bitmaps.flatMap((bitmap) => [...fragmentsInBitmap(bitmap)]));
  return fragments.filter(({ id }) => !held.has(id));
}
