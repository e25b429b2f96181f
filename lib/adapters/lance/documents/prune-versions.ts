import { limits } from "../../../config/limits.ts";
import type { LeftVersions, PrunedVersions } from "../../../domain/documents/document-tables.ts";
import { inGroups } from "../../../domain/in-groups.ts";
import type { ListedObject, ObjectStore } from "../../../domain/object-store.ts";
import { manifestKey } from "../files/manifest-name.ts";
import { filesUnder } from "../files/version-files.ts";
import { type ListedVersion, listedVersions, taggedVersions } from "./listed-versions.ts";
import { NotKnown, namedPath, type Table, told } from "./told-version.ts";

/**
 * Removes the oldest versions, and the files that they alone name. LanceDB's own clean-up is a part of `optimize`, which rewrites
 * fragments and joins partitions.
 * @param folder of the table, ending with `/`
 */
export async function pruneVersions(
  store: ObjectStore,
  folder: string,
  which: PrunedVersions,
): Promise<LeftVersions | undefined> {
  const [versions, tagged] = await Promise.all([
    listedVersions(store, folder),
    taggedVersions(store, folder),
  ]);
  if (!versions || !tagged) return undefined;
  try {
    const going = await goingOf({ store, folder }, versions, tagged, which);
    const gone = new Set(going.versions);
    const kept = versions.filter(({ version }) => !gone.has(version));
    if (gone.size > 0) await removeAll(going, kept, { store, folder, which });
    return await left({ store, folder }, kept, which, gone.size === 0);
  } catch (error) {
    if (error instanceof NotKnown) return undefined;
    throw error;
  }
}

interface Going {
  versions: number[];
  /** That these name. */
  paths: Set<string>;
}

/**
 * From the oldest on, up to the first that stays, be it for a tag: who has a version open, and finds it and not the next, takes
 * it for the newest. So many at a time.
 */
async function goingOf(
  table: Table,
  versions: ListedVersion[],
  tagged: Set<number>,
  which: PrunedVersions,
): Promise<Going> {
  const going: Going = { versions: [], paths: new Set() };
  let [size, bytes] = [1, 0];
  for (let i = 0; i + 1 < versions.length && going.versions.length < limits.prunedVersions; i += size) {
    size = i === 0 ? 1 : mostManifests; // mostly none goes
    const some = versions.slice(i, i + size + 1);
    bytes += some.reduce((sum, one) => sum + one.bytes, 0);
    if (bytes > limits.prunedManifestBytes && i > 0) break;
    const read = await inGroups(some, limits.forkConcurrency, ({ version }) => told(table, version));
    for (const [at, { version }] of some.slice(0, -1).entries()) {
      const replacedAt = read[at + 1]?.writtenAt ?? 0;
      if (tagged.has(version) || !mayGo(replacedAt, versions.length - i - at, which)) return going;
      going.versions.push(version);
      for (const path of read[at]?.paths ?? []) going.paths.add(path);
    }
  }
  return going;
}

/** That are read at a time. */
const mostManifests = 64;

function mayGo(replacedAt: number, left: number, { unreadBefore, keptFrom, most }: PrunedVersions): boolean {
  return replacedAt < unreadBefore && (replacedAt < keptFrom || left > most);
}

/** Their files first, and the manifests that name them last: so it may be repeated when it was cut short. */
async function removeAll(
  going: Going,
  kept: ListedVersion[],
  table: Table & { which: PrunedVersions },
): Promise<void> {
  const { store, folder, which } = table;
  const asked = askedOf(kept, which);
  if (asked.length > limits.mostUnsureVersions) throw new NotKnown();
  await inGroups(asked, limits.forkConcurrency, async (version) => {
    for (const path of (await told(table, version)).paths) going.paths.delete(path);
  });
  const isFolder = (path: string) => path.endsWith("/");
  const paths = [...going.paths];
  await store.delete(paths.filter((path) => !isFolder(path)).map((path) => folder + path));
  for (const path of paths.filter(isFolder)) await store.deletePrefix(folder + path);
  await store.delete(going.versions.map((version) => manifestKey(folder, version)));
}

/**
 * The versions that stay and that tell which files do. A file that versions name is named by all from the first of them to the last,
 * as long as each was made of the one before it: then what the first that stays does not name, no later one does.
 */
function askedOf(kept: ListedVersion[], { sure }: PrunedVersions): number[] {
  const versions = kept.map(({ version }) => version);
  const isSure = (version: number) => version > sure.after && version <= sure.upTo;
  return versions.filter((version, i) => i === 0 || i === versions.length - 1 || !isSure(version));
}

async function left(
  table: Table,
  kept: ListedVersion[],
  { unnamedBefore }: PrunedVersions,
  isDone: boolean,
): Promise<LeftVersions> {
  const files = await filesUnder(table.store, table.folder, parts);
  const isSwept = isDone && unnamedBefore !== undefined;
  const gone = isSwept ? await removeUnnamed(table, kept, files, unnamedBefore) : new Set();
  const there = files.filter(({ key }) => !gone.has(key));
  const bytes = [...there, ...kept].reduce((sum, one) => sum + one.bytes, 0);
  return { version: kept.at(-1)?.version ?? 0, versions: kept.length, bytes, isDone, isSwept };
}

const parts = ["data/", "_deletions/", "_indices/", "_transactions/"];

/**
 * Files that no version names and that are so old that nobody will commit them any more: a writer that was killed has left them.
 * @returns their keys
 */
async function removeUnnamed(
  table: Table,
  kept: ListedVersion[],
  files: ListedObject[],
  before: number,
): Promise<Set<string>> {
  const old = files.flatMap(({ key, modifiedMs }) => (modifiedMs < before ? [key] : []));
  if (old.length === 0 || kept.length > limits.mostUnsureVersions) return new Set();
  const named = new Set<string>();
  await inGroups(kept, limits.forkConcurrency, async ({ version }) => {
    for (const path of (await told(table, version)).paths) named.add(path);
  });
  const unnamed = old.filter((key) => !named.has(namedPath(key.slice(table.folder.length))));
  const gone = unnamed.slice(0, limits.sweptFiles);
  await table.store.delete(gone);
  return new Set(gone);
}
