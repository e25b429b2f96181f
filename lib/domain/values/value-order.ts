import { listOf } from "./column-types.ts";
import { countOf, daysOf, decimalOf, integerOf, itemKindOf, kindOf } from "./filter-types.ts";

/** A value as documents have it in JSON. */
type JsonScalar = string | number | boolean;

/**
 * The order of a column's values as JSON has them, the same in which its rows are ordered: strings by code points, NaN
 * above infinity. Of a list, that of its items.
 * @param type the column's, as Arrow prints it
 */
export function valueOrder(type: string): (a: JsonScalar, b: JsonScalar) => number {
  const kind = itemKindOf(type) ?? kindOf(type);
  if (kind === "string") return (a, b) => byCodePoints(String(a), String(b));
  if (kind === "number") return (a, b) => byNumbers(Number(a), Number(b));
  const item = listOf(type)?.item ?? type;
  const key = keys[kind ?? "boolean"](item);
  return (a, b) => {
    const [one, other] = [key(a), key(b)];
    return one < other ? -1 : one > other ? 1 : 0;
  };
}

type Key = (value: JsonScalar) => number | bigint;
type Counted = Exclude<ReturnType<typeof kindOf>, "string" | "number" | undefined>;

const byCount =
  (type: string): Key =>
  (value) =>
    countOf(value, type) ?? 0n;

const keys: Record<Counted, (type: string) => Key> = {
  integer: (type) => (value) => integerOf(value, type) ?? 0n,
  decimal: (type) => (value) => decimalOf(value, type) ?? 0n,
  timestamp: byCount,
  time: byCount,
  duration: byCount,
  date: () => (value) => daysOf(value) ?? 0n,
  boolean: () => Number,
};

function byNumbers(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** UTF-16 has what lies beyond the first plane below its last part. */
function byCodePoints(a: string, b: string): number {
  const least = Math.min(a.length, b.length);
  for (let i = 0; i < least; i++) {
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (one !== other) return planeOf(one) - planeOf(other) || one - other;
  }
  return a.length - b.length;
}

const planeOf = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? 1 : 0);
