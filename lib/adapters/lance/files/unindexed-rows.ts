import { fragmentsHeldBy } from "./fragment-bitmap.ts";
import { readManifest } from "./manifest.ts";

/**
 * How many rows of a version no index on a column holds; all of them where there is no index on it. An index of its text
 * is of another kind than those by which its values are compared.
 * @returns undefined where an index does not tell which rows it holds
 * @throws Error when it is no manifest
 */
export function unindexedRows(
  manifest: Uint8Array,
  column: string,
  kind: "text" | "other" = "other",
): number | undefined {
  const { fields, fragments, indexes } = readManifest(manifest);
  const own = fields.get(column) ?? Number.NaN;
  const ofKind = indexes.filter(({ fields: on, isText }) => on.includes(own) && isText === (kind === "text"));
  const held = fragmentsHeldBy(ofKind);
  return held && fragments.reduce((sum, { id, rows }) => (held.has(id) ? sum : sum + rows), 0);
}

/** Numbers of the fragments that some index of these columns' text does not hold, or where one has none. @throws Error when it is no manifest */
export function fragmentsWithoutText(manifest: Uint8Array, columns: string[]): number[] {
  const { fields, fragments, indexes } = readManifest(manifest);
  const held = columns.map((column) => {
    const own = fields.get(column) ?? Number.NaN;
    return fragmentsHeldBy(indexes.filter(({ fields: on, isText }) => isText && on.includes(own)));
  });
  if (held.includes(undefined)) return [];
  return fragments.map(({ id }) => id).filter((id) => held.some((ids) => !ids?.has(id)));
}
