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
  open(): Promise<OpenTable>;
  /** Whether a later version is there. */
  hasMoved(): Promise<boolean>;
}

/** The table of a generation in its store, which need not be opened as long as a copy of its version answers. */
export class StoreTable {
  readonly #known: KnownTable | undefined;
  #opening: Promise<OpenTable> | undefined;
  #table: OpenTable | undefined;
  #isClosed = false;

  private constructor(table: OpenTable | undefined, known: KnownTable | undefined) {
    this.#table = table;
    this.#known = known;
  }

  static opened(table: OpenTable): StoreTable {
    return new StoreTable(table, undefined);
  }

  static later(known: KnownTable): StoreTable {
    return new StoreTable(undefined, known);
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

  /** Moves it to its newest version. */
  async refresh(): Promise<void> {
    if (this.#table) return this.#table.reader.refresh();
    if (await this.#known?.hasMoved()) await this.reader();
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
