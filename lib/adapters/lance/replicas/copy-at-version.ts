import { limits } from "../../../config/limits.ts";
import type { IndexPart, Query } from "../../../domain/search/reader.ts";
import { filesSince, type LaterFile } from "../files/files-since.ts";
import { fragmentsOf, readManifest } from "../files/manifest.ts";
import type { LaterVersion } from "../reading/store-table.ts";
import type { Copy } from "./copy.ts";
import { roomFor } from "./disk-room.ts";
import { type CopiedTable, SharedFolder } from "./shared-folder.ts";

const bytesIn = (files: LaterFile[]) => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** The same copy, whose folder later versions may share. */
export function sharing(copy: Copy, table: CopiedTable): CopyAtVersion {
  return copy instanceof CopyAtVersion ? copy : CopyAtVersion.of(copy, table);
}

/**
 * A version of a table whose files are on the disk: those of a copy, as far as these have come, and whole what the version has
 * beside them.
 */
export class CopyAtVersion implements Copy {
  readonly version: number;
  readonly bytes: number;
  readonly #shared: SharedFolder;
  readonly #added: LaterFile[];
  /** Whose rows the copy has or will have; undefined for its own version. */
  readonly #fragments: Set<number> | undefined;

  private constructor(
    shared: SharedFolder,
    version: number,
    added: LaterFile[] = [],
    fragments?: Set<number>,
  ) {
    this.version = version;
    this.bytes = shared.base.bytes + bytesIn(added);
    this.#shared = shared;
    this.#added = added;
    this.#fragments = fragments;
    shared.enter();
  }

  /** A copy as it is, whose folder later versions may share. */
  static of(base: Copy, table: CopiedTable): CopyAtVersion {
    return new CopyAtVersion(new SharedFolder(base, table), base.version);
  }

  /**
   * The same at a later version, once what that has more is there.
   * @returns undefined where it has more than some rows that were added and deleted, or there is no room for it
   * @throws StoreUnavailable
   */
  async at(later: LaterVersion, maxBytes: number): Promise<CopyAtVersion | undefined> {
    const before = readManifest(await this.#shared.manifestOf(this.#shared.base.version));
    const added = filesSince(before, readManifest(later.manifest));
    if (!added) return undefined;
    const missing = bytesIn(added.filter(({ path }) => !this.#added.some((one) => one.path === path)));
    if (missing > limits.maxLaterBytes || missing > (await roomFor())) return undefined;
    if (this.#shared.base.bytes + bytesIn(added) > maxBytes) return undefined;
    await this.#shared.hold(added);
    await this.#shared.put(later);
    return new CopyAtVersion(this.#shared, later.version, added, new Set(fragmentsOf(before).keys()));
  }

  get folder(): string {
    return this.#shared.base.folder;
  }

  get isWhole(): boolean {
    return this.#shared.base.isWhole;
  }

  get isIndexed(): boolean {
    return this.#shared.base.isIndexed;
  }

  get hasRows(): boolean {
    return this.#shared.base.hasRows;
  }

  get parts(): IndexPart[] {
    return this.#shared.base.parts;
  }

  get isToBeCompleted(): boolean {
    return this.#shared.base.isToBeCompleted;
  }

  prepareNearest(query: Query): Promise<void> {
    return this.#shared.base.prepareNearest(query);
  }

  async prepareRows(ids: bigint[], columns: string[]): Promise<boolean> {
    const own = this.#fragments;
    return this.#shared.base.prepareRows(own ? ids.filter((id) => own.has(Number(id >> 32n))) : ids, columns);
  }

  completeRows(signal: AbortSignal): Promise<void> {
    return this.#shared.base.completeRows(signal);
  }

  complete(signal: AbortSignal, pause?: number): Promise<void> {
    return this.#shared.base.complete(signal, pause);
  }

  remove(): Promise<void> {
    return this.#shared.release(this.version, this.#added);
  }
}
