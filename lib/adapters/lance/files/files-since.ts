import { filesNamedIn, fragmentsOf, hasStableRowIds, haveSameColumns, type Manifest } from "./manifest.ts";

/** A file of a later version, by its path in the folder of the table. */
export interface LaterFile {
  path: string;
  /** 0 where the manifest does not tell. */
  bytes: number;
}

/** The history that led to a version, which nobody reads who searches it. */
const isHistory = (path: string) => path.startsWith("_transactions/");

/**
 * What a later version has beside the files of an earlier one. With both, the later one can be read, and rows that both have
 * are the same under the same ids.
 * @returns undefined where it is more than rows that were added and deleted: then it is opened for itself
 */
export function filesSince(before: Manifest, after: Manifest): LaterFile[] | undefined {
  if (hasStableRowIds(after) || !haveSameRows(before, after) || !keepsIndexes(before, after))
    return undefined;
  const [earlier, later] = [filesNamedIn(before), filesNamedIn(after)];
  const isKnown = later.unknown.length === 0 && later.folders.every((one) => earlier.folders.includes(one));
  if (!isKnown) return undefined;
  const there = new Set(earlier.files);
  const bytes = new Map(after.files.map((file) => [`data/${file.path}`, file.bytes]));
  const paths = later.files.filter((path) => !there.has(path) && !isHistory(path));
  return paths.map((path) => ({ path, bytes: bytes.get(path) ?? 0 }));
}

/** Whether the indexes hold what they held: a copy may lack the vectors of rows that an index tells the nearest of. */
function keepsIndexes(before: Manifest, after: Manifest): boolean {
  const later = new Map(after.indexes.map((index) => [index.folder, index.fragments]));
  return before.indexes.every(({ folder, fragments = nothing }) => {
    const kept = later.has(folder) ? (later.get(folder) ?? nothing) : undefined;
    return kept !== undefined && Buffer.compare(kept, fragments) === 0;
  });
}

const nothing = new Uint8Array();

/** Of the columns that there are, in each fragment that both have; what is deleted of it may differ. */
function haveSameRows(before: Manifest, after: Manifest): boolean {
  if (!haveSameColumns(before, after)) return false;
  const fragments = fragmentsOf(before);
  for (const [id, { files }] of fragmentsOf(after))
    if (fragments.has(id) && fragments.get(id)?.files !== files) return false;
  return true;
}
