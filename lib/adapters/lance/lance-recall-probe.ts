import type { Table as LanceTable, VectorQuery } from "@lancedb/lancedb";
import type { Table } from "apache-arrow";
import { limits } from "../../config/limits.ts";
import type { Metric, SearchDefaults } from "../../domain/index-entry.ts";
import type { RecallProbe } from "../../domain/ports.ts";
import { fromLance } from "./lance-errors.ts";
import { leastEf } from "./least-ef.ts";

/** Neighbours of rows of a table, exactly (no index) and through the index. */
export class LanceRecallProbe implements RecallProbe {
  readonly #table: LanceTable;
  readonly #columns: { id: string; vector: string };
  readonly #metric: Metric;

  constructor(table: LanceTable, columns: { id: string; vector: string }, metric: Metric) {
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
    const found = await this.#run(this.#nearest(vector, k + limits.recallTies).bypassVectorIndex());
    const distances = Array.from(found.getChild("_distance") ?? [], Number);
    const last = distances[Math.min(k, distances.length) - 1] ?? 0;
    const within = distances.findIndex((distance) => distance > last + Math.abs(last) * rounding + rounding);
    return idsIn(found, this.#columns.id).slice(0, within < 0 ? undefined : within);
  }

  async approximate(vector: Float32Array, k: number, settings: SearchDefaults): Promise<string[]> {
    let query = this.#nearest(vector, k);
    if (settings.nprobes !== undefined) query = query.nprobes(settings.nprobes);
    if (settings.refineFactor !== undefined) query = query.refineFactor(settings.refineFactor);
    if (settings.ef !== undefined) query = query.ef(leastEf(settings, k));
    return idsIn(await this.#run(query), this.#columns.id);
  }

  close(): void {
    this.#table.close();
  }

  #nearest(vector: Float32Array, k: number) {
    const { id, vector: column } = this.#columns;
    const query = this.#table.query().nearestTo(vector).column(column).distanceType(this.#metric);
    return query.select([id, "_distance"]).limit(k);
  }

  async #run(query: VectorQuery): Promise<Table> {
    try {
      return await query.toArrow({ timeoutMs: limits.probeTimeoutMs });
    } catch (error) {
      throw fromLance(error);
    }
  }
}

/** Distances of equal vectors differ in their last bits, by the order in which they were summed. */
const rounding = 1e-6;

function idsIn(found: Table, idColumn: string): string[] {
  const ids = found.getChild(idColumn);
  return Array.from({ length: found.numRows }, (_, row) => String(ids?.get(row)));
}
