import type { Table as LanceTable, TakeQuery, VectorQuery } from "@lancedb/lancedb";
import type { Table } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import { type Fallbacks, unobserved } from "../../../domain/fallbacks.ts";
import type { Metric, SearchDefaults } from "../../../domain/index/index-entry.ts";
import type {
  Asked,
  Nearest,
  Neighbours,
  ProbeVector,
  RecallProbe,
} from "../../../domain/recall/recall-probe.ts";
import { nearestOfAll } from "../exact/exact-scan.ts";
import { besideRow } from "../exact/moved-vector.ts";
import { nearestIds } from "../exact/nearest-ids.ts";
import { exactDistance } from "../exact-distance.ts";
import { fromLance } from "../lance-errors.ts";
import { normalNumbers } from "../random-numbers.ts";
import { leastEf } from "../reading/least-ef.ts";
import { sampleOffsets } from "../sample-offsets.ts";

const rowId = "_rowid";

/** Neighbours of rows of a table, exactly (no index) and through the index. A row's id is the table's, not the document's. */
export class LanceRecallProbe implements RecallProbe {
  readonly #table: LanceTable;
  readonly #column: string;
  readonly #metric: Metric;

  readonly #closed: () => Promise<void>;
  readonly #fallbacks: Fallbacks;

  /**
   * @param column of its vectors
   * @param closed is called when the probe has closed its table
   */
  constructor(
    table: LanceTable,
    column: string,
    metric: Metric,
    closed: () => Promise<void>,
    fallbacks = unobserved,
  ) {
    this.#closed = closed;
    this.#fallbacks = fallbacks;
    this.#table = table;
    this.#column = column;
    this.#metric = metric;
  }

  async sample(queries: number): Promise<ProbeVector[]> {
    const offsets = sampleOffsets(await this.#table.countRows(), queries);
    return this.#vectorsOf(this.#table.takeOffsets(offsets));
  }

  /** Other clients add rows without a vector: these are nobody's neighbours, and no question. */
  async #vectorsOf(query: TakeQuery): Promise<{ id: string; vector: Float32Array }[]> {
    const found = await this.#run(query.withRowId().select([this.#column, rowId]));
    const [ids, vectors] = [found.getChild(rowId), found.getChild(this.#column)];
    const rows = Array.from({ length: found.numRows }, (_, row) => row);
    return rows.flatMap((row) => {
      const vector = vectors?.get(row);
      return vector ? [{ id: String(ids?.get(row)), vector: Float32Array.from(vector) }] : [];
    });
  }

  /** Which neighbours it is moved by need not be exact: the index tells them a hundred times sooner. */
  async sampleBeside(queries: number): Promise<ProbeVector[]> {
    const rows = await this.sample(queries);
    const turns = Array.from({ length: Math.ceil(rows.length / limits.searchedTogether) }, (_, turn) =>
      this.#near(rows.slice(turn * limits.searchedTogether, (turn + 1) * limits.searchedTogether)),
    );
    const nearest = (await Promise.all(turns)).flat();
    const vectors = await this.#vectorsAt(new Set(nearest.flat()));
    const random = normalNumbers();
    return rows.map(({ vector }, i) => {
      const neighbours = (nearest[i] ?? []).flatMap((id) => vectors.get(id) ?? []);
      return { id: null, vector: besideRow(vector, neighbours, random) };
    });
  }

  async #near(some: ProbeVector[]): Promise<string[][]> {
    const settings = { ef: limits.besideEf, refineFactor: 2 };
    const found = await this.approximate(some, limits.recallK, settings);
    return found.map((ids) => ids.filter((id) => id !== null));
  }

  async #vectorsAt(ids: Set<string>): Promise<Map<string, Float32Array>> {
    const rows = await this.#vectorsOf(this.#table.takeRowIds([...ids].map(Number)));
    return new Map(rows.map(({ id, vector }) => [id, vector]));
  }

  async exact(
    vectors: Float32Array[],
    ks: number[],
    signal?: AbortSignal,
    where?: string,
  ): Promise<Nearest[][]> {
    const wanted = Math.max(...ks) + limits.recallTies;
    const nearest = await this.#nearestOfAll(vectors, wanted, signal, where);
    return nearest.map((rows) => {
      const near = rows.map(({ id, distance }) => ({ id: String(id), distance }));
      return ks.map((k) => nearestIds(this.#metric, near, k, rows.length < wanted));
    });
  }

  async #nearestOfAll(vectors: Float32Array[], wanted: number, signal?: AbortSignal, where?: string) {
    const [metric, fallbacks] = [this.#metric, this.#fallbacks];
    try {
      const options = { metric, wanted, where, signal, fallbacks };
      return await nearestOfAll(this.#table, this.#column, vectors, options);
    } catch (error) {
      throw signal?.aborted ? signal.reason : fromLance(error);
    }
  }

  async approximate(
    asked: Asked[],
    k: number,
    settings: SearchDefaults,
    where?: string,
  ): Promise<(string | null)[][]> {
    const [first = new Float32Array(), ...others] = asked.map(({ vector }) => vector);
    let query = this.#table.query().nearestTo(first).column(this.#column).distanceType(this.#metric);
    for (const vector of others) query = query.addQueryVector(vector);
    if (where) query = query.where(where);
    if (settings.nprobes !== undefined) query = query.nprobes(settings.nprobes);
    if (settings.refineFactor !== undefined) query = query.refineFactor(settings.refineFactor);
    if (settings.ef !== undefined) query = query.ef(leastEf(settings, k));
    const isTied = asked.some(({ within }) => within !== undefined);
    const columns = [rowId, "_distance", ...(isTied ? [this.#column] : [])];
    return this.#answersIn(await this.#run(query.withRowId().select(columns).limit(k)), asked);
  }

  #answersIn(found: Table, asked: Asked[]): (string | null)[][] {
    const [ids, vectors] = [found.getChild(rowId), found.getChild(this.#column)];
    const numbers = found.getChild("query_index"); // absent for a single vector
    const answers = asked.map((): (string | null)[] => []);
    for (let row = 0; row < found.numRows; row++) {
      const query = Number(numbers?.get(row) ?? 0);
      const { vector, within } = asked[query] as Asked;
      const isNear =
        within === undefined || exactDistance(this.#metric, vector, vectors?.get(row).toArray()) <= within;
      answers[query]?.push(isNear ? String(ids?.get(row)) : null);
    }
    return answers;
  }

  /** By the rows' ids, as integers: LanceDB would divide unsigned ones as decimals, which takes three times as long. */
  among(oneIn: number): Neighbours {
    const where = `CAST(_rowid AS BIGINT) % ${oneIn} = ${oneIn >> 1}`;
    return {
      exact: (vectors, ks, signal) => this.exact(vectors, ks, signal, where),
      approximate: (asked, k, settings) => this.approximate(asked, k, settings, where),
    };
  }

  async close(): Promise<void> {
    this.#table.close();
    await this.#closed();
  }

  async #run(query: Pick<VectorQuery, "toArrow">): Promise<Table> {
    try {
      return await query.toArrow({ timeoutMs: limits.probeTimeoutMs });
    } catch (error) {
      throw fromLance(error);
    }
  }
}
