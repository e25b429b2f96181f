import type { Table } from "@lancedb/lancedb";
import type { RecordBatch, Uint64, Vector } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import { inBatches } from "../in-batches.ts";
import { jsonColumn } from "./json-values.ts";

const rowId = "_rowid";
const batchesJoined = 1_024; // at a time: each is an argument of a call

type Values = (place: number) => unknown;

/**
 * Columns of all rows of one version, in memory. LanceDB takes longer to read ten rows that are spread over a table than
 * to find them by an index (bench/NOTES.md).
 */
export class ResidentRows {
  readonly version: number;
  readonly bytes: number;
  /** Ascending, as rows lie in a table. */
  readonly #ids: BigUint64Array;
  readonly #columns: Map<string, Values>;

  private constructor(version: number, bytes: number, ids: BigUint64Array, columns: Map<string, Values>) {
    this.version = version;
    this.bytes = bytes;
    this.#ids = ids;
    this.#columns = columns;
  }

  /**
   * @param table at this version, and nobody moves it meanwhile
   * @returns undefined when there are none, they are more than so many bytes, or LanceDB does not tell them in order
   */
  static async read(
    table: Table,
    columns: string[],
    version: number,
    maxBytes: number,
    fallbacks: Fallbacks,
  ): Promise<ResidentRows | undefined> {
    const total = await table.countRows();
    const batches: RecordBatch[] = [];
    let [rows, bytes] = [0, 0];
    const scan = table
      .query()
      .select([...columns, rowId])
      .withRowId();
    for await (const batch of inBatches(scan, limits.residentBatchRows, fallbacks)) {
      batches.push(batch);
      rows += batch.numRows;
      bytes += batch.data.byteLength;
      if ((bytes / rows) * total <= maxBytes) continue;
      fallbacks.happened("rows-in-memory", "no-room");
      return undefined;
    }
    if (batches.length === 0) return undefined;
    const ids = idsOf(batches, total);
    if (!ids) fallbacks.happened("rows-in-memory", "not-in-order");
    const valuesOf = (name: string) => [name, jsonColumn(joined(batches, name))] as const;
    return ids && new ResidentRows(version, bytes, ids, new Map(columns.map(valuesOf)));
  }

  has(columns: string[]): boolean {
    return columns.every((name) => this.#columns.has(name));
  }

  /** @returns undefined for a row that is not in this version */
  placeOf(id: bigint): number | undefined {
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as bigint) < id) low = middle + 1;
      else high = middle;
    }
    return this.#ids[low] === id ? low : undefined;
  }

  /** By column. */
  values(columns: string[], place: number): Record<string, unknown> {
    return Object.fromEntries(columns.map((name) => [name, this.value(name, place)]));
  }

  value(column: string, place: number): unknown {
    return this.#columns.get(column)?.(place);
  }
}

/** By their own method: LanceDB's Arrow is another module than ours. */
function joined(batches: RecordBatch[], name: string): Vector {
  const [first, ...others] = batches.map((batch) => batch.getChild(name) as Vector);
  let all = first;
  for (let i = 0; i < others.length; i += batchesJoined)
    all = all?.concat(...others.slice(i, i + batchesJoined));
  return all as Vector;
}

/** @returns undefined when they are not ascending, or not so many */
function idsOf(batches: RecordBatch[], rows: number): BigUint64Array | undefined {
  const parts = batches.map((batch) => (batch.getChild(rowId) as Vector<Uint64>).toArray());
  if (parts.reduce((sum, { length }) => sum + length, 0) !== rows) return undefined;
  const ids = new BigUint64Array(rows);
  let filled = 0;
  for (const part of parts) {
    ids.set(part, filled);
    filled += part.length;
  }
  return isAscending(ids) ? ids : undefined;
}

function isAscending(ids: BigUint64Array): boolean {
  for (let i = 1; i < ids.length; i++) if ((ids[i] as bigint) <= (ids[i - 1] as bigint)) return false;
  return true;
}
