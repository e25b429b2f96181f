import { setImmediate } from "node:timers/promises";
import type { Table } from "@lancedb/lancedb";
import { limits } from "../../config/limits.ts";
import type { Metric } from "../../domain/index-entry.ts";
import type { Neighbours } from "../../domain/ports.ts";
import { exactDistance } from "./exact-distance.ts";
import { nearestIds } from "./nearest-ids.ts";

/** What a search among some of the rows is made of. */
export interface FewRowsOptions {
  table: Table;
  columns: { id: string; vector: string };
  metric: Metric;
  /** Which rows, as SQL. */
  where: string;
  approximate: Neighbours["approximate"];
}

/** Neighbours among few rows of a table, whose vectors are read once: LanceDB would read them for every ten queries. */
export class FewRows implements Neighbours {
  readonly approximate: Neighbours["approximate"];
  readonly #options: FewRowsOptions;
  #rows: Promise<{ id: string; vector: Float32Array }[]> | undefined;

  constructor(options: FewRowsOptions) {
    this.#options = options;
    this.approximate = options.approximate;
  }

  async exact(vectors: Float32Array[], k: number): Promise<string[][]> {
    this.#rows ??= this.#read();
    const rows = await this.#rows;
    const { metric } = this.#options;
    const nearest: string[][] = [];
    for (const own of vectors) {
      const distances = rows.map(({ id, vector }) => ({ id, distance: exactDistance(metric, own, vector) }));
      nearest.push(nearestIds(distances, k));
      await setImmediate(); // a heartbeat may be due
    }
    return nearest;
  }

  async #read() {
    const { table, columns, where } = this.#options;
    const query = table.query().where(where).select([columns.id, columns.vector]);
    const found = await query.toArrow({ timeoutMs: limits.probeTimeoutMs });
    const [ids, vectors] = [found.getChild(columns.id), found.getChild(columns.vector)];
    return Array.from({ length: found.numRows }, (_, row) => ({
      id: String(ids?.get(row)),
      vector: Float32Array.from(vectors?.get(row) ?? []),
    }));
  }
}
