import { DomainError } from "../../../domain/errors.ts";
import { listed } from "../../../domain/listed.ts";
import type { NamedFiles } from "./manifest.ts";

/** Whether what there is of a version is all of it: what is copied of a table may miss nothing. */

/** @param unknown in words @throws TableNotKnown where there is any */
export function refuseUnknown(unknown: string[]): void {
  if (unknown.length === 0) return;
  const what = listed([...new Set(unknown)]);
  throw new DomainError(
    "TableNotKnown",
    `it has what is not known here, and might be copied without a part: ${what}`,
  );
}

/** @param paths of what there is, in the folder of the table @throws StoreUnavailable where there is less */
export function refuseMissing(
  paths: string[],
  { files, folders }: Pick<NamedFiles, "files" | "folders">,
): void {
  const there = new Set(paths);
  const gone = files.filter((path) => !there.has(path));
  const empty = folders.filter((folder) => !paths.some((path) => path.startsWith(folder)));
  if (gone.length + empty.length > 0)
    throw missing(`the manifest names ${gone.length + empty.length} files that are not there`, [
      ...gone,
      ...empty,
    ]);
}

/** To begin again: somebody may have removed them, or an earlier attempt is cleared away. */
export function missing(what: string, paths: string[]): DomainError {
  return new DomainError("StoreUnavailable", what, { cause: new Error(listed(paths)) });
}
