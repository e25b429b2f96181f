import type { Table } from "@lancedb/lancedb";
import { LRUCache } from "lru-cache";
import type { ResidentRows } from "./resident-rows.ts";

/** Where the rows of an open table are held in memory. */
export interface HeldRows {
  readonly maxBytes: number;
  /** Those that are right at this version, as far as it has them. */
  at(table: Table, version: number): ResidentRows | undefined;
  keep(table: Table, rows: ResidentRows): void;
  drop(table: Table): void;
}

/** The rows of open tables that are held in memory; the least recently used give way when there is no room. */
export class RowMemory implements HeldRows {
  readonly maxBytes: number;
  readonly #rows: LRUCache<object, ResidentRows> | undefined;

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

  drop(table: object): void {
    this.#rows?.delete(table);
  }

  /** For the versions over one copy: a row that one of them has under an id, no other has otherwise. */
  ofCopy(copy: object): HeldRows {
    return {
      maxBytes: this.maxBytes,
      at: () => this.#rows?.get(copy),
      keep: (_, rows) => this.#rows?.set(copy, rows),
      drop: () => undefined, // others may read them
    };
  }
}
