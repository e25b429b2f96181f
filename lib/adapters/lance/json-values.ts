import { DataType, type Table, TimeUnit, type Vector } from "apache-arrow";

/** A column's values as JSON has them: safe integers as numbers, larger ones as strings, times as ISO 8601. */
export function jsonColumn(column: Vector): (row: number) => unknown {
  const { type } = column;
  if (DataType.isTimestamp(type)) return (row) => isoTime(column, row);
  if (DataType.isDate(type)) return (row) => isoDate(column.get(row));
  return (row) => jsonValue(column.get(row));
}

/** Rows of an Arrow table as plain objects, with the named columns. */
export function jsonRows(table: Table, names: string[]): Record<string, unknown>[] {
  const getters = names.map((name) => {
    const column = table.getChild(name);
    return [name, column ? jsonColumn(column) : () => null] as const;
  });
  return Array.from({ length: table.numRows }, (_, row) =>
    Object.fromEntries(getters.map(([name, get]) => [name, get(row)])),
  );
}

export function jsonValue(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return integer(value);
  if (typeof value !== "object") return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (isIterable(value) && !(value instanceof Map)) return Array.from(value, itemValue);
  const entries = "toJSON" in value && typeof value.toJSON === "function" ? value.toJSON() : value;
  return Object.fromEntries(Object.entries(entries as object).map(([key, one]) => [key, jsonValue(one)]));
}

/** A struct row is iterable over pairs; a list over values. */
function itemValue(item: unknown): unknown {
  return jsonValue(item);
}

function isIterable(value: object): value is Iterable<unknown> {
  const structRow = "toJSON" in value && !("length" in value);
  return Symbol.iterator in value && !structRow;
}

function integer(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** Arrow's getter gives milliseconds, with a fraction for finer units. */
function isoTime(column: Vector, row: number): string | null {
  const value = column.get(row) as number | bigint | null;
  if (value === null) return null;
  const milliseconds = Number(value);
  const time = new Date(Math.floor(milliseconds));
  if (Number.isNaN(time.getTime())) return null;
  const { unit } = column.type as { unit: TimeUnit };
  const micros = Math.round((milliseconds - Math.floor(milliseconds)) * 1_000);
  const iso = time.toISOString();
  return unit >= TimeUnit.MICROSECOND && micros > 0
    ? iso.replace("Z", `${String(micros).padStart(3, "0")}Z`)
    : iso;
}

function isoDate(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return new Date(value as number).toISOString().slice(0, 10);
}
