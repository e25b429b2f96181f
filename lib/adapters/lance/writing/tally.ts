import type { Table } from "@lancedb/lancedb";
import type { Data, RecordBatch } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { DuplicateId, Seal } from "../../../domain/load/loads.ts";
import { utf8 } from "../../utf8.ts";
import { inBatches } from "../in-batches.ts";

/** What was sealed, by unit, and which ids are in it more than once. */
export async function tally(table: Table, { version, column }: Seal, idColumn: string, fallbacks: Fallbacks) {
  await table.checkout(version);
  const finder = new DuplicateFinder(await table.countRows(), { id: idColumn, origin: column });
  const scan = () => inBatches(table.query().select([idColumn, column]), limits.tallyBatchRows, fallbacks);
  for await (const batch of scan()) finder.add(batch);
  const suspects = finder.suspects();
  if (suspects.size > 0) for await (const batch of scan()) finder.confirm(batch, suspects);
  return { rowsByUnit: finder.rowsByUnit, duplicates: finder.duplicates() };
}

/**
 * Counts rows by unit and finds ids that are there more than once, in two passes over two columns. The first keeps
 * eight bytes a row (a 53-bit hash of the id, sorted at its end); the second looks only at ids whose hash was seen twice.
 */
class DuplicateFinder {
  readonly rowsByUnit = new Map<number, number>();
  readonly #hashes: Float64Array;
  readonly #columns: { id: string; origin: string };
  readonly #confirmed = new Map<string, bigint[]>();
  #rows = 0;

  constructor(rows: number, columns: { id: string; origin: string }) {
    this.#hashes = new Float64Array(rows);
    this.#columns = columns;
  }

  add(batch: RecordBatch): void {
    const { values, valueOffsets } = this.#columnIn(batch, "id");
    const units = unitsIn(this.#columnIn(batch, "origin").values as BigInt64Array);
    for (let row = 0; row < batch.numRows; row++) {
      const unit = units[2 * row + 1] as number;
      this.rowsByUnit.set(unit, (this.rowsByUnit.get(unit) ?? 0) + 1);
      this.#hashes[this.#rows++] = hash53(
        values,
        valueOffsets[row] as number,
        valueOffsets[row + 1] as number,
      );
    }
  }

  /** Hashes that more than one row has. */
  suspects(): Set<number> {
    const sorted = this.#hashes.subarray(0, this.#rows).sort();
    const twice = new Set<number>();
    for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) twice.add(sorted[i] as number);
    return twice;
  }

  confirm(batch: RecordBatch, suspects: Set<number>): void {
    const { values, valueOffsets } = this.#columnIn(batch, "id");
    const origins = this.#columnIn(batch, "origin").values as BigInt64Array;
    for (let row = 0; row < batch.numRows; row++) {
      const [start, end] = [valueOffsets[row] as number, valueOffsets[row + 1] as number];
      if (!suspects.has(hash53(values, start, end))) continue;
      const id = utf8.decode(values.subarray(start, end));
      const places = this.#confirmed.get(id);
      if (places) places.push(origins[row] as bigint);
      else this.#confirmed.set(id, [origins[row] as bigint]);
    }
  }

  /** By the place of their first row, so that the report is the same each time. */
  duplicates(): DuplicateId[] {
    const twice = [...this.#confirmed].filter(([, origins]) => origins.length > 1);
    const found = twice.map(([id, origins]) => ({ id, origins: origins.sort(ascending) }));
    return found.sort((a, b) => ascending(a.origins[0] ?? 0n, b.origins[0] ?? 0n));
  }

  #columnIn(batch: RecordBatch, name: "id" | "origin"): Data {
    const [data, ...others] = batch.getChild(this.#columns[name])?.data ?? [];
    if (!data || others.length > 0) throw new Error(`a scanned batch lacks ${this.#columns[name]}`);
    return data;
  }
}

const ascending = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** Of each origin the lower and the upper 32 bits; the latter are the unit. */
const unitsIn = ({ buffer, byteOffset, length }: BigInt64Array) =>
  new Int32Array(buffer, byteOffset, 2 * length);

/** cyrb53 (public domain, github.com/bryc): 53 bits fit a double, and a collision only costs a second look. */
function hash53(bytes: Uint8Array, start: number, end: number): number {
  let [h1, h2] = [0xdeadbeef, 0x41c6ce57];
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    h1 = Math.imul(h1 ^ byte, 2654435761);
    h2 = Math.imul(h2 ^ byte, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return 4294967296 * (2097151 & h2) + (h1 >>> 0);
}
