import type { Table, VectorQuery } from "@lancedb/lancedb";
import { limits } from "../../config/limits.ts";
import type { Metric, SearchDefaults } from "../../domain/index-entry.ts";
import type { RecallProbe } from "../../domain/ports.ts";
import { fromLance } from "./lance-errors.ts";

/** Neighbours of rows of a table, exactly (no index) and through the index. */
export class LanceRecallProbe implements RecallProbe {
  readonly #table: Table;
  readonly #columns: { id: string; vector: string };
  readonly #metric: Metric;

  constructor(table: Table, columns: { id: string; vector: string }, metric: Metric) {
    this.#table = table;
    this.#columns = columns;
    this.#metric = metric;
  }

  /** Rows at even distances: the same ones each time, from every part of the table. */
  async sample(queries: number): Promise<{ id: string; vector: Float32Array }[]> {
    const rows = await this.#table.countRows();
    const offsets = Array.from({ length: queries }, (_, i) => Math.floor(((i + 0.5) * rows) / queries));
    const { id, vector } = this.#columns;
    const found = await this.#table.takeOffsets(offsets).select([id, vector]).toArrow();
    const [ids, vectors] = [found.getChild(id), found.getChild(vector)];
    return Array.from({ length: found.numRows }, (_, row) => ({
      id: String(ids?.get(row)),
      vector: Float32Array.from(vectors?.get(row) ?? []),
    }));
  }

  async exact(vector: Float32Array, k: number): Promise<string[]> {
    return this.#ids(this.#nearest(vector, k).bypassVectorIndex());
  }

  async approximate(vector: Float32Array, k: number, settings: SearchDefaults): Promise<string[]> {
    let query = this.#nearest(vector, k);
    if (settings.nprobes !== undefined) query = query.nprobes(settings.nprobes);
    if (settings.refineFactor !== undefined) query = query.refineFactor(settings.refineFactor);
    if (settings.ef !== undefined) query = query.ef(Math.max(settings.ef, k));
    return this.#ids(query);
  }

  close(): void {
    this.#table.close();
  }

  #nearest(vector: Float32Array, k: number) {
    const { id, vector: column } = this.#columns;
    const query = this.#table.query().nearestTo(vector).column(column).distanceType(this.#metric);
    return query.select([id, "_distance"]).limit(k);
  }

  async #ids(query: VectorQuery): Promise<string[]> {
    try {
      const found = await query.toArrow({ timeoutMs: limits.defaultRequestTimeoutMs * 4 });
      const ids = found.getChild(this.#columns.id);
      return Array.from({ length: found.numRows }, (_, row) => String(ids?.get(row)));
    } catch (error) {
      throw fromLance(error);
    }
  }
}
