import { fragmentsInBitmap } from "./fragment-bitmap.ts";
import { readManifest } from "./manifest.ts";

/**
 * How many rows of a version no index on a column holds; all of them where there is no index on it.
 * @returns undefined where an index does not tell which rows it holds
 * @throws Error when it is no manifest
 */
export function unindexedRows(manifest: Uint8Array, column: string): number | undefined {
  const { fields, fragments, indexes } = readManifest(manifest);
  const held = new Set<number>();
  for (const index of indexes.filter((one) => one.fields.includes(fields.get(column) ?? Number.NaN))) {
    if (!index.fragments) return undefined;
    for (const id of fragmentsInBitmap(index.fragments)) held.add(id);
  }
  return fragments.reduce((sum, { id, rows }) => (held.has(id) ? sum : sum + rows), 0);
}
