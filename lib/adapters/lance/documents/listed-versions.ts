import type { ObjectStore } from "../../../domain/object-store.ts";
import { versionNamed } from "../files/manifest-name.ts";

export interface ListedVersion {
  version: number;
  /** Of its manifest. */
  bytes: number;
}

/**
 * The versions of a table, the oldest first.
 * @param folder of the table, ending with `/`
 * @returns undefined where there is a manifest whose name is none that is known here
 */
export async function listedVersions(
  store: ObjectStore,
  folder: string,
): Promise<ListedVersion[] | undefined> {
  const listed = await store.list(`${folder}_versions/`);
  const names = listed.map(({ key, bytes }) => ({ name: key.slice(`${folder}_versions/`.length), bytes }));
  const manifests = names.filter(({ name }) => name.endsWith(".manifest"));
  const versions = manifests.flatMap(({ name, bytes }) => {
    const version = versionNamed(name);
    return version === undefined ? [] : [{ version, bytes }];
  });
  if (versions.length < manifests.length) return undefined;
  return versions.sort((a, b) => a.version - b.version);
}

/**
 * Versions that a tag names: Lance keeps them under `_refs/tags`.
 * @returns undefined where a tag is not understood, or where branches may name versions, too
 */
export async function taggedVersions(store: ObjectStore, folder: string): Promise<Set<number> | undefined> {
  const [refs, trees] = await Promise.all([
    store.list(`${folder}_refs/`),
    store.list(`${folder}tree/`, { limit: 1 }),
  ]);
  const tagsOf = refs.filter(({ key }) => key.startsWith(`${folder}_refs/tags/`));
  if (trees.length > 0 || tagsOf.length < refs.length) return undefined;
  const versions = await Promise.all(tagsOf.map(async ({ key }) => versionOf((await store.get(key))?.body)));
  return versions.includes(undefined) ? undefined : new Set(versions as number[]);
}

/** @param tag gone meanwhile without it */
function versionOf(tag: Uint8Array | undefined): number | undefined {
  try {
    const { version, branch } = JSON.parse(new TextDecoder().decode(tag)) as {
      version?: unknown;
      branch?: unknown;
    };
    return typeof version === "number" && (branch ?? null) === null ? version : undefined;
  } catch {
    return undefined;
  }
}
