import type { ObjectStore } from "../../../domain/object-store.ts";

/**
 * What a table's folder may hold: what is copied of a version, where its history is, and what is about versions and no part
 * of one. https://lance.org/format/table/layout/
 */
const known: Record<string, RegExp> = {
  "data/": /^[^/]+\.lance$/,
  "_deletions/": /^[^/]+\.(arrow|bin)$/,
  "_indices/": /^[^/]+\/./,
  "_versions/": /^([^/]+\.manifest(-[^/]+)?|latest_version_hint\.json)$/,
  "_transactions/": /^[^/]+\.txn$/,
  "_refs/": /./,
  "tree/": /./,
};

/** Files that lie in no folder: where an old version's manifest is once more, and that a name is taken. */
const knownFiles = new Set(["_latest.manifest", ".lance-reserved"]);

/** Of the name of a file: one of this project's or of another's that it does not know. */
export function isKnownFile(path: string): boolean {
  const [, folder = "", name = ""] = /^([^/]+\/)(.*)$/.exec(path) ?? [];
  return knownFiles.has(path) || (known[folder]?.test(name) ?? false);
}

/**
 * Looks into a table's folder, past the folders that are known: their history may be long.
 * @param folder of the table, ending with `/`
 * @returns the first folder or file whose kind is not known
 */
export async function unknownIn(store: ObjectStore, folder: string): Promise<string | undefined> {
  for (let after = folder; ; ) {
    const [found] = await store.list(folder, { after, limit: 1 });
    const path = found?.key.slice(folder.length);
    if (path === undefined) return undefined;
    const [top = path] = /^[^/]+\//.exec(path) ?? [];
    const isPassed = after === folder + top + lastOfAscii;
    if (isPassed || !isKnownFile(path)) return top in known ? path : top;
    after = folder + top + (top.endsWith("/") ? lastOfAscii : "");
  }
}

/** After it lies none of Lance's names, which begin with a letter or a digit. */
const lastOfAscii = "~";
