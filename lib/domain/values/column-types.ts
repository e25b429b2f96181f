import { decimalTypeOf } from "./decimal.ts";

const units = ["SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND"] as const;
export type TimeUnitName = (typeof units)[number];

/** What a column of nulls only is stored as. */
const typeOfNulls = "Utf8";
const largestDecimal = 76;

/** The type of a column that is null in every file, or all of whose lists hold nulls only. */
export const withoutNulls = (type: string) => type.replace(/\bNull\b/, typeOfNulls);

/**
 * The type that holds every value of both exactly, for a column whose type differs between files. Types are named as
 * Arrow prints them.
 * @returns undefined where there is none
 */
export function widenedType(a: string, b: string): string | undefined {
  if (a === b || b === "Null") return a;
  if (a === "Null") return b;
  for (const widen of [widenedLists, widenedNumbers, widenedTimes, widenedText]) {
    const type = widen(a, b) ?? widen(b, a);
    if (type) return type;
  }
  return undefined;
}

/** Lists of different lengths are lists of any length. */
function widenedLists(a: string, b: string): string | undefined {
  const [one, other] = [listOf(a), listOf(b)];
  if (!one || !other) return undefined;
  const item = widenedType(one.item, other.item);
  const size = one.size === other.size ? one.size : undefined;
  return item && (size === undefined ? `List<${item}>` : `FixedSizeList[${size}]<${item}>`);
}

/** What a list's type says, as Arrow prints it: `List<Utf8>`, `FixedSizeList[3]<Float32>`. @returns undefined for any other */
export function listOf(type: string): { size: string | undefined; item: string } | undefined {
  const found = /^(?:List|FixedSizeList\[(\d+)\])<(.+)>$/.exec(type);
  return found?.[2] ? { size: found[1], item: found[2] } : undefined;
}

function widenedNumbers(a: string, b: string): string | undefined {
  const [one, other] = [integerOf(a), integerOf(b)];
  if (one && other) return widenedIntegers(one, other);
  const decimal = decimalTypeOf(a);
  if (decimal)
    return widenedDecimals(decimal, other ? { precision: other.digits, scale: 0 } : decimalTypeOf(b));
  const mantissa = a === "Float64" ? 53 : a === "Float32" ? 24 : 0;
  if (mantissa === 0) return undefined;
  if (b === "Float32" || (other && other.bits <= mantissa)) return a;
  return other && other.bits <= 53 ? "Float64" : undefined;
}

interface Integer {
  signed: boolean;
  /** Without the sign. */
  bits: number;
  digits: number;
}

function integerOf(type: string): Integer | undefined {
  const found = /^(Uint|Int)(8|16|32|64)$/.exec(type);
  if (!found) return undefined;
  const signed = found[1] === "Int";
  const bits = Number(found[2]) - (signed ? 1 : 0);
  return { signed, bits, digits: String(2n ** BigInt(bits)).length };
}

function widenedIntegers(a: Integer, b: Integer): string | undefined {
  const signed = a.signed || b.signed;
  const bits = Math.max(a.bits, b.bits) + (signed ? 1 : 0);
  const width = [8, 16, 32, 64].find((one) => one >= bits);
  return width ? `${signed ? "Int" : "Uint"}${width}` : undefined;
}

function widenedDecimals(
  a: { precision: number; scale: number },
  b: { precision: number; scale: number } | undefined,
): string | undefined {
  if (!b) return undefined;
  const scale = Math.max(a.scale, b.scale);
  const precision = scale + Math.max(a.precision - a.scale, b.precision - b.scale);
  return precision <= largestDecimal ? `Decimal[${precision}e${scale > 0 ? "+" : ""}${scale}]` : undefined;
}

/** To the finer unit; a value beyond its range is found as it is read. Instants are the same in every zone. */
function widenedTimes(a: string, b: string): string | undefined {
  const [one, other] = [timeOf(a), timeOf(b)];
  if (!one || !other || one.kind !== other.kind) return undefined;
  const unit = units[Math.max(units.indexOf(one.unit), units.indexOf(other.unit))] as TimeUnitName;
  if (one.kind === "Time") return `Time${units.indexOf(unit) > 1 ? 64 : 32}<${unit}>`;
  if ((one.zone === undefined) !== (other.zone === undefined)) return undefined;
  const zone = one.zone === other.zone ? one.zone : "UTC";
  return `${one.kind}<${unit}${zone === undefined ? "" : `, ${zone}`}>`;
}

/** The kind of time that a type counts, and in what. */
export function timeOf(type: string) {
  const found = /^(Timestamp|Time|Duration)(?:32|64)?<(\w+)(?:, (.+))?>$/.exec(type);
  if (!found) return undefined;
  return { kind: found[1] as string, unit: found[2] as TimeUnitName, zone: found[3] };
}

/** Strings of writers that do not say that they are; one that is none is found as it is read. */
function widenedText(a: string, b: string): string | undefined {
  return a === "Utf8" && b === "Binary" ? a : undefined;
}

const nanoseconds = {
  SECOND: 1_000_000_000n,
  MILLISECOND: 1_000_000n,
  MICROSECOND: 1_000n,
  NANOSECOND: 1n,
} as const satisfies Record<TimeUnitName, bigint>;

/** Nanoseconds in what a time, timestamp or duration counts. */
export const nanosecondsA = (unit: TimeUnitName) => nanoseconds[unit];
