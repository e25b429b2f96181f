import {
  type Data,
  DataType,
  type Decimal,
  type Table,
  type Timestamp,
  TimeUnit,
  type Vector,
} from "apache-arrow";
import { decimalJson } from "../../../domain/values/decimal.ts";
import { isoDate, isoDuration, isoInstant, isoTimeOfDay } from "../../../domain/values/instant.ts";
import { decimalAt } from "../../arrow/decimal-words.ts";

type Getter = (row: number) => unknown;

/**
 * A column's values as JSON has them (docs/columns.md): safe integers as numbers, larger ones as strings, decimals in the
 * same way, what is no finite number as "NaN", "Infinity" or "-Infinity" (as in protobuf's JSON), times, dates and
 * durations as ISO 8601; lists of all these. From the raw values: Arrow's own getters give times as doubles.
 */
export function jsonColumn(column: Vector): Getter {
  const { type } = column;
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) return (row) => jsonItems(column.get(row));
  const fromRaw = rawJson(type);
  return fromRaw ? rawGetter(column.data, fromRaw) : (row) => jsonValue(column.get(row));
}

function jsonItems(items: Vector | null): unknown[] | null {
  if (!items) return null;
  const nested = DataType.isList(items.type) || DataType.isFixedSizeList(items.type);
  if (!nested && !rawJson(items.type)) return Array.from(items, jsonValue);
  const get = jsonColumn(items);
  return Array.from({ length: items.length }, (_, i) => get(i));
}

function rawGetter(chunks: readonly Data[], json: RawJson): Getter {
  return (row) => {
    let place = row;
    for (const chunk of chunks) {
      if (place < chunk.length) return chunk.getValid(place) ? json(chunk, place) : null;
      place -= chunk.length;
    }
    return null;
  };
}

type RawJson = (data: Data, place: number) => unknown;

const unitsASecond: Record<TimeUnit, bigint> = {
  [TimeUnit.SECOND]: 1n,
  [TimeUnit.MILLISECOND]: 1_000n,
  [TimeUnit.MICROSECOND]: 1_000_000n,
  [TimeUnit.NANOSECOND]: 1_000_000_000n,
};

/** Of types whose values Arrow does not give exactly. */
function rawJson(type: DataType): RawJson | undefined {
  if (DataType.isDate(type)) return ({ values }, i) => isoDate(daysIn(values[i]));
  if (DataType.isDecimal(type))
    return (data, i) => decimalJson(decimalAt(data as Data<Decimal>, i), type.scale);
  const iso = DataType.isTimestamp(type)
    ? isoInstant
    : DataType.isTime(type)
      ? isoTimeOfDay
      : DataType.isDuration(type)
        ? isoDuration
        : undefined;
  if (!iso) return undefined;
  const aSecond = unitsASecond[(type as Timestamp).unit];
  return ({ values }, i) => iso(BigInt(values[i]), aSecond);
}

/** A date of 64 bits counts milliseconds. */
const daysIn = (date: number | bigint) =>
  typeof date === "bigint" ? Math.floor(Number(date) / 86_400_000) : date;

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
