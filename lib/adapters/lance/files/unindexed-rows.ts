import { fragmentsHeldBy } from "./fragment-bitmap.ts";
import { readManifest } from "./manifest.ts";

/**
 * How many rows of a version no index on a column holds; all of them where there is no index on it.
 * @returns undefined where an index does not tell which rows it holds
 * @throws Error when it is no manifest
 */
export function unindexedRows(manifest: Uint8Array, column: string): number | undefined {
  const { fields, fragments, indexes } = readManifest(manifest);
  const own = fields.get(column) ?? Number.NaN;
  const held = fragmentsHeldBy(indexes.filter((index) => index.fields.includes(own)));
  return held && fragments.reduce((sum, { id, rows }) => (held.has(id) ? sum : sum + rows), 0);
}
