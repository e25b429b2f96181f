import type { Table, Vector } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import { rowsThatFit as rowsWithRoom, widestColumn } from "../../../domain/answer-size.ts";
import type { DomainError } from "../../../domain/errors.ts";
import { jsonRow } from "./json-values.ts";
import { leastJsonBytes } from "./raw-bytes.ts";

/** @param fit how many of the rows an answer holds. @param widest the column that takes most */
type Refusal = (fit: number, widest: string) => DomainError;

/** Rows of a table that an answer is made of. */
interface Asked<R extends { row: number }> {
  found: Table;
  columns: string[];
  rows: R[];
}

/** Of the rows asked for, those that fit into an answer. */
export interface FittingRows<T> {
  fit: T[];
  /** Where there are others: the column that takes most of them. */
  widest: string | undefined;
}

/**
 * Rows of a table as an answer gives them.
 * @param make a row of its values, by column
 * @throws what `refusal` gives
 */
export function answerRows<R extends { row: number }, T extends object>(
  asked: Asked<R>,
  make: (values: Record<string, unknown>, row: R) => T,
  refusal: Refusal,
): T[] {
  const { fit, widest } = rowsThatFit(asked, make);
  if (widest !== undefined) throw refusal(fit.length, widest);
  return fit;
}

/** The same of rows that are looked at and not answered, for which an answer need not have room. */
export const innerRows = <R extends { row: number }, T extends object>(
  { found, columns, rows }: Asked<R>,
  make: (values: Record<string, unknown>, row: R) => T,
): T[] => {
  const values = jsonRow(found, columns);
  return rows.map((row) => make(values(row.row), row));
};

/**
 * The first rows of those asked for, as many as an answer has room for; of those that are longer than any answer nothing
 * is made.
 * @param make a row of its values, by column
 */
export function rowsThatFit<R extends { row: number }, T extends object>(
  { found, columns, rows }: Asked<R>,
  make: (values: Record<string, unknown>, row: R) => T,
): FittingRows<T> {
  const raw = new RawSizes(found, columns);
  const few = raw.mayFit(rows);
  const values = jsonRow(found, columns);
  const made = (i: number) => make(values((rows[i] as R).row), rows[i] as R);
  const { fit, beyond } = rowsWithRoom(few, made);
  if (beyond) return { fit, widest: widestColumn(beyond) };
  return { fit, widest: few < rows.length ? raw.widest : undefined };
}

/** Columns by what they are at least long as JSON. */
class RawSizes {
  readonly #columns: { name: string; column: Vector; bytes: number }[];

  constructor(found: Table, names: string[]) {
    this.#columns = names.flatMap((name) => {
      const column = found.getChild(name);
      return column ? [{ name, column, bytes: leastJsonBytes(column) }] : [];
    });
  }

  get widest(): string {
    return this.#columns.reduce((most, one) => (one.bytes > most.bytes ? one : most)).name;
  }

  /** How many of the first rows an answer may have room for. */
  mayFit(rows: { row: number }[]): number {
    if (this.#columns.reduce((sum, { bytes }) => sum + bytes, 0) <= limits.maxAnswerBytes) return rows.length;
    let left: number = limits.maxAnswerBytes;
    const fit = rows.findIndex(({ row }) => {
      left -= this.#columns.reduce((sum, { column }) => sum + leastJsonBytes(column, row, row + 1), 0);
      return left < 0;
    });
    return fit < 0 ? rows.length : fit;
  }
}
