import { listOf } from "./column-types.ts";
import { decimalTypeOf } from "./decimal.ts";
import type { Scalar } from "./filter.ts";
import { countOf, daysOf, decimalOf, integerOf, kindOf, numberOf, takenBy } from "./filter-types.ts";

/** A value as a column holds it: integers, decimals, times and dates as counts in the column's unit. */
export type StoredValue = string | boolean | number | bigint | Uint8Array | null | StoredValue[];

/** An id as a filter names it. */
export const idScalar = (id: StoredValue): Scalar => (typeof id === "bigint" ? String(id) : (id as Scalar));

/**
 * A value in the form in which answers show it (docs/columns.md), as its column holds it.
 * @param type of the column, as Arrow prints it
 * @returns undefined where the column cannot hold it, exactly; a float column rounds
 */
export function storedValue(value: unknown, type: string): StoredValue | undefined {
  if (value === null) return null;
  const list = listOf(type);
  if (list) return storedList(value, list);
  if (type === "Binary") return storedBytes(value);
  return isScalar(value) ? storedScalar(value, type) : undefined;
}

/** What a column of this type takes, for who gave something else. */
export function storedForm(type: string): string {
  const list = listOf(type);
  if (list) {
    const items = list.size === undefined ? "an array" : `an array of ${list.size}`;
    return `${items}, each null or ${storedForm(list.item)}`;
  }
  if (type === "Binary") return "bytes as base64";
  const kind = kindOf(type);
  return kind === "number"
    ? `${takenBy(kind)}, or "NaN"`
    : kind
      ? takenBy(kind)
      : "null, as nothing else can be written to it";
}

function storedList(
  value: unknown,
  { size, item }: NonNullable<ReturnType<typeof listOf>>,
): StoredValue[] | undefined {
  if (!Array.isArray(value) || (size !== undefined && value.length !== Number(size))) return undefined;
  const items = value.map((one) => storedValue(one, item));
  return items.every((one) => one !== undefined) ? items : undefined;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function storedBytes(value: unknown): Uint8Array | undefined {
  return typeof value === "string" && base64.test(value)
    ? Uint8Array.from(atob(value), (one) => one.charCodeAt(0))
    : undefined;
}

const isScalar = (value: unknown): value is Scalar => ["string", "number", "boolean"].includes(typeof value);

function storedScalar(value: Scalar, type: string): StoredValue | undefined {
  switch (kindOf(type)) {
    case "string":
      return typeof value === "string" && value.isWellFormed() ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "integer":
      return integerOf(value, type);
    case "number":
      return value === "NaN" ? Number.NaN : finite(numberOf(value), value, type);
    case "decimal":
      return decimalTypeOf(type) && decimalOf(value, type);
    case "date":
      return daysOf(value);
    case "timestamp":
    case "time":
    case "duration":
      return countOf(value, type);
    default:
      return undefined;
  }
}

/** A number that a column of 32 bits would hold as infinite does not fit it. */
function finite(number: number | undefined, value: Scalar, type: string): number | undefined {
  const isLost = type === "Float32" && typeof value === "number" && !Number.isFinite(Math.fround(value));
  return isLost ? undefined : number;
}
