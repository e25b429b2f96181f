import type { Table } from "@lancedb/lancedb";
import type { Column } from "../../../domain/index/index-entry.ts";
import { columnsOf } from "../../arrow/arrow-schema.ts";

/** An open table that moves to its newest version when it is told to, and what is known of the version it is at. */
export class FollowedTable {
  readonly table: Table;
  #columns: Column[];
  #version: number;
  /** Under way: the table may be further than this knows. */
  #moves = 0;

  private constructor(table: Table, columns: Column[], version: number) {
    this.table = table;
    this.#columns = columns;
    this.#version = version;
  }

  static async of(table: Table): Promise<FollowedTable> {
    const [schema, version] = await Promise.all([table.schema(), table.version()]);
    return new FollowedTable(table, columnsOf(schema), version);
  }

  get columns(): Column[] {
    return this.#columns;
  }

  get version(): number {
    return this.#version;
  }

  /** @returns whether it moved to another version */
  async follow(): Promise<boolean> {
    this.#moves += 1;
    try {
      await this.table.checkoutLatest();
      const version = await this.table.version();
      if (version === this.#version) return false;
      this.#columns = columnsOf(await this.table.schema());
      this.#version = version;
      return true;
    } finally {
      this.#moves -= 1;
    }
  }

  /** Whether all that was read since the table was at this version is of this version. */
  async isStillAt(version: number): Promise<boolean> {
    if (this.#moves > 0 && (await this.table.version()) !== version) return false;
    return this.#version === version;
  }
}
