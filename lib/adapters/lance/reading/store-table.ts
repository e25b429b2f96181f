import type { Column } from "../../../domain/index/index-entry.ts";
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

/**
 * Whether a table has a later version than this.
 * @param isSure also where versions were removed: those between this one and the newest
 * @param known what the caller takes for it; where that is another table, there is a later one, too
 */
export type HasLater = (version: number, isSure: boolean, known?: KnownTable) => Promise<boolean>;

/** The table of a generation in its store, which need not be opened as long as a copy of its version answers. */
export class StoreTable {
  readonly #known: KnownTable | undefined;
  readonly #hasLater: HasLater;
  #opening: Promise<OpenTable> | undefined;
  #table: OpenTable | undefined;
  /** Until it is known whether what was known of it is its newest version. */
  #isUnseen: boolean;
  #settling: Promise<boolean> | undefined;
  #isClosed = false;

  private constructor(table: OpenTable | undefined, known: KnownTable | undefined, hasLater: HasLater) {
    this.#table = table;
    this.#known = known;
    this.#isUnseen = known !== undefined;
    this.#hasLater = hasLater;
  }

  static opened(table: OpenTable, hasLater: HasLater): StoreTable {
    return new StoreTable(table, undefined, hasLater);
  }

  /** One that is opened when it is first read; `settle` says whether it is at the version that is known. */
  static later(known: KnownTable, hasLater: HasLater): StoreTable {
    return new StoreTable(undefined, known, hasLater);
  }

  get columns(): Column[] {
    return this.#table?.reader.columns ?? this.#known?.columns ?? [];
  }

  get version(): number {
    return this.#table?.reader.version ?? this.#known?.version ?? 0;
  }

  /** It may be at a later version than was known. @throws what opening it throws */
  async reader(): Promise<LanceReader> {
    if (this.#table) return this.#table.reader;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return (await this.#opening).reader;
  }

  async #open(): Promise<OpenTable> {
    if (!this.#known) throw new Error("a table that is neither open nor known");
    const table = await this.#known.open();
    if (this.#isClosed) end(table);
    this.#table = table;
    return table;
  }

  /** @param isSure as of HasLater */
  async hasMoved(isSure: boolean): Promise<boolean> {
    return this.#hasLater(this.version, isSure);
  }

  /** Moves it to its newest version. */
  async refresh(): Promise<void> {
    if (this.#table) await this.#table.reader.refresh();
    else await this.reader();
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
    const hasMoved = await this.#hasLater(version, true, this.#known);
    if (hasMoved) await this.refresh();
    if (hasMoved && this.version === version) this.#known?.refuse();
    this.#isUnseen = false;
    return hasMoved || this.version !== version;
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
