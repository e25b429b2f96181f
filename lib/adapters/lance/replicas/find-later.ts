import { limits } from "../../../config/limits.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { manifestKey, versionNamed } from "../files/manifest-name.ts";
import type { FindLater, FoundLater } from "../reading/store-table.ts";

const { mostVersionsAskedFor: most, fewVersionsAskedFor: few } = limits;
const nothing = new Uint8Array();

/**
 * Lance commits a version by the name of its manifest, which is the next number. Whoever removes versions removes those
 * before, too: where one is there, and the next is not, there is no other. So the next is asked for, and of a table that is
 * written to as many as are likely to have come, so that one round tells the newest. Of very many a list tells it.
 * @param folder of the table, ending with `/`
 */
export function findLaterIn(store: ObjectStore, folder: string): FindLater {
  const manifestOf = async (version: number) => (await store.get(manifestKey(folder, version)))?.body;
  const listed = async (): Promise<FoundLater | "unknown"> => {
    const versions = `${folder}_versions/`;
    const [first] = await store.list(versions, { limit: 1 });
    const version = versionNamed(first?.key.slice(versions.length) ?? "");
    const manifest = version === undefined ? undefined : await manifestOf(version);
    return version && manifest ? { version, manifest, isNewest: true } : "unknown";
  };
  let asked = 1;
  return async (version, isSure, known) => {
    const next = Array.from({ length: asked }, (_, i) => manifestOf(version + 1 + i));
    const [own, ...later] = await Promise.all([isSure ? manifestOf(version) : undefined, ...next]);
    const isAnother = known && Buffer.compare(known.manifest ?? nothing, own ?? nothing) !== 0;
    if ((isSure && !own) || isAnother) return "unknown";
    const there = leading(later);
    const isNewest = there < later.length;
    const isFar = !isNewest && there >= few;
    asked = isNewest ? Math.max(1, Math.min(most, there * 2)) : isFar ? 1 : few;
    return isFar ? listed() : found(version + there, later[there - 1], isNewest);
  };
}

function leading(manifests: (Uint8Array | undefined)[]): number {
  const missing = manifests.indexOf(undefined);
  return missing < 0 ? manifests.length : missing;
}

const found = (version: number, manifest: Uint8Array | undefined, isNewest: boolean) =>
  manifest && { version, manifest, isNewest };
