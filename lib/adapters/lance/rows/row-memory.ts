import type { Table } from "@lancedb/lancedb";
import { LRUCache } from "lru-cache";
import type { ResidentRows } from "./resident-rows.ts";

/** The rows of open tables that are held in memory; the least recently used give way when there is no room. */
export class RowMemory {
  readonly maxBytes: number;
  readonly #rows: LRUCache<Table, ResidentRows> | undefined;

  /** @param maxBytes of all together; 0 for none */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
    if (maxBytes > 0)
      this.#rows = new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ bytes }) => Math.max(1, bytes) });
  }

  /** Those of exactly this version. */
  at(table: Table, version: number): ResidentRows | undefined {
    const rows = this.#rows?.get(table);
    return rows?.version === version ? rows : undefined;
  }

  keep(table: Table, rows: ResidentRows): void {
    this.#rows?.set(table, rows);
  }

  drop(table: Table): void {
    this.#rows?.delete(table);
  }
}
