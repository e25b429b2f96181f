import { hash } from "node:crypto";
import type { RowBatch } from "./rows.ts";

/** Rows are summed in so many parts, told apart by their ids, so that a difference can be looked for in a few of them. */
const parts = 4_096;

/** Of a row's id and vector: the first 128 bits of SHA-256, as two numbers. */
export interface RowDigest {
  part: number;
  high: bigint;
  low: bigint;
}

/** Both are preceded by their length, so that no two rows have the same bytes. */
export function digestOf(id: string | null, vector: Uint8Array | null): RowDigest {
  const name = Buffer.from(id ?? "");
  const lengths = Int32Array.of(id === null ? -1 : name.length, vector?.length ?? -1);
  const row = Buffer.concat([new Uint8Array(lengths.buffer), name, vector ?? new Uint8Array()]);
  const digest = hash("sha256", row, "buffer");
  return { part: partOf(name), high: digest.readBigUInt64LE(0), low: digest.readBigUInt64LE(8) };
}

/** Fowler, Noll and Vo's hash. */
function partOf(id: Uint8Array): number {
  let hashed = 0x811c9dc5;
  for (const byte of id) hashed = Math.imul(hashed ^ byte, 0x01000193);
  return (hashed >>> 0) % parts;
}

/**
 * Sums of all rows' digests, whatever the order of the rows: a row that is lost, added, doubled or changed changes
 * them. They are sums, since two of the same row would cancel out of an exclusive or.
 */
export class RowSums {
  readonly #sums = new BigUint64Array(2 * parts);
  readonly #rows = new Float64Array(parts);

  static async of(batches: AsyncIterable<RowBatch>): Promise<RowSums> {
    const sums = new RowSums();
    for await (const batch of batches) sums.#add(batch);
    return sums;
  }

  get rows(): number {
    return this.#rows.reduce((sum, rows) => sum + rows, 0);
  }

  /** 128 bits in hexadecimal. */
  get checksum(): string {
    const whole = new BigUint64Array(2);
    for (let at = 0; at < this.#sums.length; at++)
      whole[at % 2] = (whole[at % 2] ?? 0n) + (this.#sums[at] ?? 0n);
    return Array.from(whole, (half) => half.toString(16).padStart(16, "0")).join("");
  }

  /** The parts whose sums or rows are not the same, with the rows of both. */
  differing(other: RowSums): { part: number; rows: number }[] {
    const all = Array.from({ length: parts }, (_, part) => ({
      part,
      rows: this.#rowsOf(part) + other.#rowsOf(part),
    }));
    return all.filter(({ part }) => !this.#samePart(other, part));
  }

  #add(batch: RowBatch): void {
    for (let row = 0; row < batch.rows; row++) {
      const { part, high, low } = digestOf(batch.id(row), batch.vector(row));
      this.#rows[part] = this.#rowsOf(part) + 1;
      // the array keeps the lower 64 bits
      this.#sums[2 * part] = (this.#sums[2 * part] ?? 0n) + high;
      this.#sums[2 * part + 1] = (this.#sums[2 * part + 1] ?? 0n) + low;
    }
  }

  #rowsOf(part: number): number {
    return this.#rows[part] ?? 0;
  }

  #samePart(other: RowSums, part: number): boolean {
    const same = (at: number) => this.#sums[at] === other.#sums[at];
    return this.#rowsOf(part) === other.#rowsOf(part) && same(2 * part) && same(2 * part + 1);
  }
}
