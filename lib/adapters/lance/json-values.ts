import { type Data, DataType, type Table, type Timestamp, TimeUnit, type Vector } from "apache-arrow";

/**
 * A column's values as JSON has them: safe integers as numbers, larger ones as strings, what is no finite number as
 * "NaN", "Infinity" or "-Infinity" (as in protobuf's JSON), times as ISO 8601.
 */
export function jsonColumn(column: Vector): (row: number) => unknown {
  const { type } = column;
  if (DataType.isTimestamp(type)) return isoTimes(column);
  if (DataType.isDate(type)) return (row) => isoDate(column.get(row));
  return (row) => jsonValue(column.get(row));
}

/** Rows of an Arrow table as plain objects, with the named columns. */
export function jsonRows(table: Table, names: string[]): Record<string, unknown>[] {
  return Array.from({ length: table.numRows }, (_, row) => row).map(jsonRow(table, names));
}

/** The same, row by row. */
export function jsonRow(table: Table, names: string[]): (row: number) => Record<string, unknown> {
  const getters = names.map((name) => {
    const column = table.getChild(name);
    return [name, column ? jsonColumn(column) : () => null] as const;
  });
  return (row) => Object.fromEntries(getters.map(([name, get]) => [name, get(row)]));
}

export function jsonValue(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return integer(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object") return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (isIterable(value) && !(value instanceof Map)) return Array.from(value, (item) => jsonValue(item));
  const entries = "toJSON" in value && typeof value.toJSON === "function" ? value.toJSON() : value;
  return Object.fromEntries(Object.entries(entries as object).map(([key, one]) => [key, jsonValue(one)]));
}

/** A struct row is iterable, too, but over pairs. */
function isIterable(value: object): value is Iterable<unknown> {
  const structRow = "toJSON" in value && !("length" in value);
  return Symbol.iterator in value && !structRow;
}

function integer(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

const unitsASecond: Record<TimeUnit, bigint> = {
  [TimeUnit.SECOND]: 1n,
  [TimeUnit.MILLISECOND]: 1_000n,
  [TimeUnit.MICROSECOND]: 1_000_000n,
  [TimeUnit.NANOSECOND]: 1_000_000_000n,
};

/** From the raw counts: Arrow's own getter gives milliseconds as a double, which loses nanoseconds. */
function isoTimes(column: Vector): (row: number) => string | null {
  const units = unitsASecond[(column.type as Timestamp).unit];
  const chunks: readonly Data<Timestamp>[] = column.data;
  return (row) => {
    const count = countAt(chunks, row);
    return count === null ? null : isoTime(count, units);
  };
}

function countAt(chunks: readonly Data<Timestamp>[], row: number): bigint | null {
  let place = row;
  for (const chunk of chunks) {
    if (place < chunk.length)
      return chunk.getValid(place) ? ((chunk.values as BigInt64Array)[place] ?? null) : null;
    place -= chunk.length;
  }
  return null;
}

/** At least milliseconds, as JavaScript writes them, and what the column has beyond. */
function isoTime(count: bigint, units: bigint): string {
  const fraction = ((count % units) + units) % units;
  const time = new Date(Number((count - fraction) / units) * 1_000);
  if (Number.isNaN(time.getTime())) return String(count); // outside of what ISO 8601 can say in JavaScript
  const digits = units === 1n ? "" : String(fraction).padStart(String(units).length - 1, "0");
  const shown = digits.padEnd(3, "0").replace(/^(\d{3}(?:\d{3})*?)(?:000)+$/, "$1");
  return time.toISOString().replace(/000Z$/, `${shown}Z`);
}

function isoDate(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const date = new Date(value as number);
  if (Number.isNaN(date.getTime())) return String(value);
  return date.toISOString().replace(/T.*$/, "");
}
