import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import { inGroups } from "../../../domain/in-groups.ts";
import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import type { NumberedVersion, StoredVersion } from "../../../domain/index/stored-versions.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { commitIn } from "../files/commit.ts";
import { folderOf } from "../files/generation-folder.ts";
import { readManifest } from "../files/manifest.ts";
import { manifestKey } from "../files/manifest-name.ts";
import { listedVersions } from "./listed-versions.ts";

/** The versions of one generation's table. */
export class LanceVersions {
  readonly #store: ObjectStore;
  readonly #folder: string;

  /** @param store of the bucket in which the generation lies */
  constructor(store: ObjectStore, ref: GenerationRef) {
    this.#store = store;
    this.#folder = folderOf(ref);
  }

  /** By the names of their manifests, in one list. @returns the newest first @throws TableNotKnown */
  async numbers(): Promise<NumberedVersion[]> {
    const versions = await listedVersions(this.#store, this.#folder);
    if (versions) return versions.reverse();
    throw new DomainError("TableNotKnown", "its versions are named in a way that is not known here");
  }

  /** A request for each of them. @returns those that there are, in the same order */
  async told(versions: number[]): Promise<StoredVersion[]> {
    const told = await inGroups(versions, limits.versionsReadAtATime, async (version) => {
      const found = await this.#store.get(manifestKey(this.#folder, version));
      return found ? [{ version, ...saidBy(found.body) }] : [];
    });
    return told.flat();
  }
}

function saidBy(manifest: Uint8Array): Omit<StoredVersion, "version"> {
  try {
    const { fragments, files, writtenAt, transactionAt } = readManifest(manifest);
    const commit = transactionAt === undefined ? undefined : commitIn(manifest, transactionAt);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return {
      at: writtenAt > 0 ? new Date(writtenAt).toISOString() : null,
      operation: commit?.operation ?? null,
      restored: commit?.restored ?? null,
      rows: fragments.reduce((sum, { rows }) => sum + rows, 0),
      bytes: files.every((file) => file.bytes > 0) ? bytes : null, // some writers leave it out
    };
  } catch {
    return { at: null, operation: null, restored: null, rows: null, bytes: null };
  }
}
