import type { RecordBatch } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import type { SkippedRows, TargetSchema, Unit } from "../../../domain/source/parquet-source.ts";
import { placeOf } from "../../../domain/source/units.ts";
import { takeRows } from "../../arrow/take-rows.ts";
import { Refusals } from "./decode-errors.ts";
import { vectorsOrReasons } from "./vector-values.ts";

/** Rows of a unit whose vector cannot be one of the index: how many, and the first with their places. */
export class BadRows {
  readonly #file: string;
  readonly #unit: Unit;
  readonly #found: SkippedRows = { rows: 0, first: [] };

  constructor(file: string, unit: Unit) {
    this.#file = file;
    this.#unit = unit;
  }

  /** @returns none where there are none */
  get found(): SkippedRows | undefined {
    return this.#found.rows > 0 ? this.#found : undefined;
  }

  /**
   * What is left of a batch in which a row is bad.
   * @param made makes it into one of the index around vectors that nobody looks at
   * @param firstRow of the unit at which it starts
   */
  without(
    batch: RecordBatch,
    { vectorColumn, dimension, refuseZeroVectors }: TargetSchema,
    firstRow: number,
    made: (gap: Float32Array) => RecordBatch,
  ): RecordBatch {
    const column = batch.getChild(vectorColumn)?.data[0];
    if (!column) throw new Error("a decoded batch lacks the vector column");
    const vectors = vectorsOrReasons(column, dimension, refuseZeroVectors);
    const good: number[] = [];
    const values = new Float32Array(vectors.length * dimension);
    for (const [row, vector] of vectors.entries()) {
      if (typeof vector === "string") this.#add(firstRow + row, vector);
      else {
        values.set(vector, row * dimension);
        good.push(row);
      }
    }
    return takeRows(made(values), good);
  }

  /** @throws Refusals naming them, where there are any */
  refuse(): void {
    const { rows, first } = this.#found;
    if (rows > 0) throw new Refusals(first, rows);
  }

  #add(row: number, reason: string): void {
    this.#found.rows += 1;
    if (this.#found.first.length < limits.maxNamedRows)
      this.#found.first.push({ place: placeOf(this.#file, this.#unit, row), reason });
  }
}
