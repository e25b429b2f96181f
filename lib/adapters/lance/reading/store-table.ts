import { limits } from "../../../config/limits.ts";
import type { Column } from "../../../domain/index/index-entry.ts";
import { lanceCall } from "../lance-errors.ts";
import type { LanceReader } from "./lance-reader.ts";

/** A table of a store, open for reading. */
export interface OpenTable {
  reader: LanceReader;
  /** Called when it is closed. */
  release(): void;
}

/** What is known of a table without opening it. */
export interface KnownTable {
  version: number;
  columns: Column[];
  /** The file of this version that says what it is. */
  manifest: Uint8Array | undefined;
  open(): Promise<OpenTable>;
  /** Called when the store's table is another, whatever its version. */
  refuse(): void;
}

/** A version, and the file that says what it is. */
export interface LaterVersion {
  version: number;
  manifest: Uint8Array;
}

/** The latest version that was found, and whether no later one was there then. */
export interface FoundLater extends LaterVersion {
  isNewest: boolean;
}

/**
 * Looks for a later version of a table than this.
 * @param isSure also where versions were removed: those between this one and the newest
 * @param known what the caller takes for it; where that is another table, there is a later one, too
 * @returns `unknown` where there is one of which only opening the table tells
 */
export type FindLater = (
  version: number,
  isSure: boolean,
  known?: Pick<KnownTable, "manifest">,
) => Promise<FoundLater | "unknown" | undefined>;

/** What a table is told by of its later versions. */
export interface LaterVersions {
  findLater: FindLater;
  /** Brings copies to a later version, whose columns are the same. @returns whether one is there now */
  follow(later: LaterVersion): Promise<boolean>;
}

/** The table of a generation in its store, which need not be opened as long as a copy of its version answers. */
export class StoreTable {
  readonly #known: KnownTable | undefined;
  readonly #findLater: FindLater;
  readonly #follow: LaterVersions["follow"];
  /** The version of the copies, where these went on without the table. */
  #followed = 0;
  #found: FoundLater | "unknown" | undefined;
  #opening: Promise<OpenTable> | undefined;
  #table: OpenTable | undefined;
  /** Until it is known whether what was known of it is its newest version. */
  #isUnseen: boolean;
  #settling: Promise<boolean> | undefined;
  #isClosed = false;

  private constructor(
    table: OpenTable | undefined,
    known: KnownTable | undefined,
    { findLater, follow }: LaterVersions,
  ) {
    this.#table = table;
    this.#known = known;
    this.#isUnseen = known !== undefined;
    this.#findLater = findLater;
    this.#follow = follow;
  }

  static opened(table: OpenTable, later: LaterVersions): StoreTable {
    return new StoreTable(table, undefined, later);
  }

  /** One that is opened when it is first read; `settle` says whether it is at the version that is known. */
  static later(known: KnownTable, later: LaterVersions): StoreTable {
    return new StoreTable(undefined, known, later);
  }

  get columns(): Column[] {
    return this.#table?.reader.columns ?? this.#known?.columns ?? [];
  }

  get version(): number {
    return Math.max(this.#table?.reader.version ?? this.#known?.version ?? 0, this.#followed);
  }

  /** Whether all that was read since it was at this version is of this version. */
  async isStillAt(version: number): Promise<boolean> {
    if (this.version !== version) return false;
    const { reader } = this.#table ?? {};
    return reader?.version === version ? reader.isStillAt(version) : true;
  }

  /** It may be at a later version than was known. @throws what opening it throws */
  async reader(): Promise<LanceReader> {
    const { reader } = this.#table ?? (await this.#opened());
    if (reader.version < this.version) await lanceCall(limits.openTimeoutMs, () => reader.refresh());
    return reader;
  }

  #opened(): Promise<OpenTable> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<OpenTable> {
    if (!this.#known) throw new Error("a table that is neither open nor known");
    const table = await this.#known.open();
    if (this.#isClosed) end(table);
    this.#table = table;
    return table;
  }

  /** @param isSure as of FindLater */
  async hasMoved(isSure: boolean): Promise<boolean> {
    this.#found = await this.#findLater(this.version, isSure);
    return this.#found !== undefined;
  }

  /** Moves it to its newest version: that of which `hasMoved` told, as long as copies can follow. */
  async refresh(): Promise<void> {
    const found = this.#found;
    this.#found = undefined;
    if (await this.#followTo(found)) return;
    if (this.#table) await this.#table.reader.refresh();
    else await this.#opened();
  }

  /** While copies go on it is looked whether there is more, where that is not known. */
  async #followTo(found: FoundLater | "unknown" | undefined): Promise<boolean> {
    let later = found;
    while (later !== undefined) {
      if (later === "unknown") return false;
      const { version, isNewest } = later;
      const further = isNewest ? Promise.resolve(undefined) : this.#findLater(version, true);
      further.catch(() => undefined); // until it is awaited
      if (!(await this.#follow(later))) return false;
      this.#followed = version;
      later = await further;
    }
    return found !== undefined;
  }

  /** @returns whether what was read since it was made is of an older version, or another table; it is at the newest then */
  settle(): Promise<boolean> {
    if (!this.#isUnseen) return Promise.resolve(false);
    this.#settling ??= this.#see().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #see(): Promise<boolean> {
    const { version } = this;
    const found = await this.#findLater(version, true, this.#known);
    this.#found = found;
    if (found) await this.refresh();
    if (found && this.version === version) this.#known?.refuse();
    this.#isUnseen = false;
    return found !== undefined || this.version !== version;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#table) end(this.#table);
  }
}

function end({ reader, release }: OpenTable): void {
  reader.close();
  release();
}
