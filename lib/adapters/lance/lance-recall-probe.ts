import type { Table as LanceTable, VectorQuery } from "@lancedb/lancedb";
import type { Table } from "apache-arrow";
import { limits } from "../../config/limits.ts";
import type { Metric, SearchDefaults } from "../../domain/index-entry.ts";
import type { ProbeVector, RecallProbe } from "../../domain/ports.ts";
import { fromLance } from "./lance-errors.ts";
import { leastEf } from "./least-ef.ts";
import { distanceBetween, moved, normalNumbers } from "./moved-vector.ts";

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
  async sample(queries: number): Promise<ProbeVector[]> {
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

  async sampleBeside(queries: number): Promise<ProbeVector[]> {
    const rows = await this.sample(queries);
    const random = normalNumbers();
    return Promise.all(
      rows.map(async ({ id, vector }) => {
        const distance = distanceBetween(vector, await this.#neighbourOf(vector, id));
        return { id: null, vector: moved(vector, distance, random) };
      }),
    );
  }

  /** The vector of the nearest other row that is not at the same place; its own when there is none. */
  async #neighbourOf(vector: Float32Array, id: string | null): Promise<Float32Array> {
    const { id: idColumn, vector: column } = this.#columns;
    const query = this.#nearest(vector, 8).bypassVectorIndex().select([idColumn, column, "_distance"]);
    const found = await this.#run(query);
    const [ids, vectors] = [found.getChild(idColumn), found.getChild(column)];
    for (let row = 0; row < found.numRows; row++) {
      const other = Float32Array.from(vectors?.get(row) ?? []);
      if (String(ids?.get(row)) !== id && distanceBetween(vector, other) > 0) return other;
    }
    return vector;
  }

  /** One scan serves all the vectors: five times cheaper a vector than a scan each. */
  async exact(vectors: Float32Array[], k: number): Promise<string[][]> {
    const [first, ...others] = vectors;
    if (!first) return [];
    let query = this.#nearest(first, k + limits.recallTies).bypassVectorIndex();
    for (const vector of others) query = query.addQueryVector(vector);
    const found = await this.#run(query);
    const numbers = found.getChild("query_index");
    const rows = vectors.map((): number[] => []);
    for (let row = 0; row < found.numRows; row++) rows[Number(numbers?.get(row) ?? 0)]?.push(row);
    return rows.map((own) => this.#nearestOf(found, own, k));
  }

  /** The first k and those as near as the last of them. */
  #nearestOf(found: Table, rows: number[], k: number): string[] {
    const [ids, distances] = [found.getChild(this.#columns.id), found.getChild("_distance")];
    const near = rows
      .map((row) => ({ id: String(ids?.get(row)), distance: Number(distances?.get(row)) }))
      .sort((a, b) => a.distance - b.distance);
    const last = near[Math.min(k, near.length) - 1]?.distance ?? 0;
    const within = last + Math.abs(last) * rounding + rounding;
    return near.filter(({ distance }) => distance <= within).map(({ id }) => id);
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
