import { Index, type Table } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { ValueWidth } from "../../../domain/source/filter-columns.ts";
import { listOf } from "../../../domain/values/column-types.ts";
import { columnsOf } from "../../arrow/arrow-schema.ts";
import { Places } from "../../places.ts";
import { isOutOfMemory } from "../lance-errors.ts";
import { sampleOffsets } from "../sample-offsets.ts";

/** LanceDB sorts the values of all scalar indexes of a process in one pool of memory, where builds fail beside each other. */
const sorts = new Places(1);

/**
 * Whatever sorts values for scalar indexes, in its turn. Asked for with the permit to write in hand: who waits for that
 * must not keep others from sorting.
 * @throws DeadlineExceeded when its turn does not come
 */
export const sorting = <T>(work: () => Promise<T>): Promise<T> => sorts.hold(limits.sortWaitMs, work);

/**
 * What builds a scalar index by `sorting`.
 * @throws IndexParametersInvalid when its values do not fit in the pool, which nobody else was using
 */
export async function sorted(column: string, build: () => Promise<void>): Promise<void> {
  try {
    await build();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    const message = `column "${column}" cannot have a scalar index: its values are too large to be sorted in LanceDB's memory for it`;
    throw new DomainError("IndexParametersInvalid", message, { cause: error });
  }
}

/** Of a list its values are indexed. @param type of the column, as Arrow prints it */
export const scalarIndex = (type: string) => (listOf(type) ? Index.labelList() : Index.btree());

/** For a column of a table. */
export async function scalarIndexOn(table: Table, column: string): Promise<Index> {
  const columns = columnsOf(await table.schema());
  return scalarIndex(columns.find(({ name }) => name === column)?.type ?? "");
}

/** Bytes of a string column's values, by rows from all parts of the table. Nulls have none. */
export async function widthOf(table: Table, column: string): Promise<ValueWidth> {
  const rows = await table.countRows();
  const offsets = sampleOffsets(rows, Math.min(rows, limits.widthSampleRows));
  if (offsets.length === 0) return { mean: 0, most: 0 };
  const found = await table.takeOffsets(offsets).select([column]).toArrow();
  const values = found.getChildAt(0);
  const widths = offsets.map((_, row) => Buffer.byteLength(String(values?.get(row) ?? "")));
  return { mean: widths.reduce((sum, width) => sum + width, 0) / widths.length, most: Math.max(...widths) };
}
