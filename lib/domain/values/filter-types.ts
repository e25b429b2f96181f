import type { Issue } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { listed } from "../listed.ts";
import { listOf, nanosecondsA, timeOf } from "./column-types.ts";
import { decimalTypeOf, unscaledOf } from "./decimal.ts";
import type { Filter, Scalar } from "./filter.ts";
import { nanosecondsIn, nanosecondsOf, nanosecondsOfDay } from "./instant.ts";

export type Kind =
  | "string"
  | "integer"
  | "number"
  | "decimal"
  | "boolean"
  | "timestamp"
  | "date"
  | "time"
  | "duration";

const kinds: [RegExp, Kind][] = [
  [/^(Large)?Utf8$/, "string"],
  [/^U?[Ii]nt(8|16|32|64)$/, "integer"],
  [/^Float(16|32|64)$/, "number"],
  [/^Decimal\[/, "decimal"],
  [/^Bool$/, "boolean"],
  [/^Timestamp</, "timestamp"],
  [/^Date/, "date"],
  [/^Time(32|64)</, "time"],
  [/^Duration</, "duration"],
];

const expected: Record<Kind, string> = {
  string: "a string of well-formed Unicode",
  integer: "an integer in the column's range (beyond 2^53 as a string)",
  number: 'a finite number, "Infinity" or "-Infinity"',
  decimal: "a decimal number of the column's digits (more than 15 of them as a string)",
  boolean: "true or false",
  timestamp: "an ISO 8601 date and time in the column's range, not finer than its unit",
  date: "an ISO 8601 date",
  time: "a time of day as HH:MM:SS, not finer than the column's unit",
  duration: "an ISO 8601 duration such as PT90.5S, not finer than the column's unit",
};

/** What a column of this kind takes, in words. */
export const takenBy = (kind: Kind): string => expected[kind];

type Leaf = Exclude<Filter, { op: "and" | "or" | "not" }>;

/** How a column of this Arrow type is compared; undefined when it cannot be filtered. */
export function kindOf(type: string): Kind | undefined {
  return kinds.find(([pattern]) => pattern.test(type))?.[1];
}

const itemKinds = new Set<Kind | undefined>(["string", "integer", "boolean"]);

/** How the values of a list column are; undefined where the column is none, or no filter asks for such values. */
export function itemKindOf(type: string): Kind | undefined {
  const kind = kindOf(listOf(type)?.item ?? "");
  return itemKinds.has(kind) ? kind : undefined;
}

/** Whether any filter is about columns of this type. */
export const isFilterable = (type: string): boolean => (kindOf(type) ?? itemKindOf(type)) !== undefined;

const listOps = ["contains", "any", "all"];
const textOps = ["starts_with", "like-prefix", "eq_ignore_case"];

/** Every node of a filter that does not fit the columns, with what its column takes. */
export function filterIssues(filter: Filter, columns: Column[], path = "filter"): Issue[] {
  switch (filter.op) {
    case "and":
    case "or":
      return filter.filters.flatMap((one, i) => filterIssues(one, columns, `${path}.filters[${i}]`));
    case "not":
      return filterIssues(filter.filter, columns, `${path}.filter`);
    default:
      return leafIssues(filter, columns, path);
  }
}

function leafIssues(filter: Leaf, columns: Column[], path: string): Issue[] {
  const column = columns.find(({ name }) => name === filter.column);
  const itemKind = column && itemKindOf(column.type);
  const kind = itemKind ?? (column && kindOf(column.type));
  if (!column || !kind) return [{ path: `${path}.column`, message: unusable(column, columns) }];
  if (filter.op === "is_null" || filter.op === "exists") return [];
  const unfit = unfitOp(filter.op, kind, itemKind !== undefined);
  if (unfit)
    return [{ path: `${path}.${unfit.field}`, message: `${unfit.why}; the column is ${column.type}` }];
  const type = listOf(column.type)?.item ?? column.type;
  return Object.entries(operandsOf(filter)).flatMap(([field, value]) =>
    fits(value, kind, type)
      ? []
      : [{ path: `${path}.${field}`, message: `${wrongly(value, kind)}; the column is ${column.type}` }],
  );
}

/** Why values of this kind are not asked for so. */
function unfitOp(op: Leaf["op"], kind: Kind, isList: boolean): { field: string; why: string } | undefined {
  if (isList && !listOps.includes(op))
    return { field: "op", why: "of a list, use contains, any, all, is_null or exists" };
  if (isList) return undefined;
  if (listOps.includes(op)) return { field: "column", why: `${op} is for lists` };
  if (textOps.includes(op) && kind !== "string") return { field: "column", why: `${op} is for strings` };
  const isOrder = !["eq", "ne", "in", "not_in"].includes(op);
  return kind === "boolean" && isOrder
    ? { field: "op", why: "a boolean has no order; use eq, ne, in or not_in" }
    : undefined;
}

function wrongly(value: Scalar, kind: Kind): string {
  const why =
    kind === "number" && value === "NaN" ? "NaN is in no comparison, so that nothing matches; " : "";
  return `${why}must be ${expected[kind]}`;
}

function unusable(column: Column | undefined, columns: Column[]): string {
  const usable = columns.filter(({ type }) => isFilterable(type)).map(({ name }) => name);
  const why = column ? `is ${column.type}, which cannot be filtered` : "no such column";
  return `${why}; there are: ${listed(usable)}`;
}

/** What a comparison compares with, by field. */
function operandsOf(filter: Exclude<Leaf, { op: "is_null" | "exists" }>): Record<string, Scalar> {
  switch (filter.op) {
    case "in":
    case "not_in":
    case "any":
    case "all":
      return Object.fromEntries(filter.values.map((value, i) => [`values[${i}]`, value]));
    case "between":
      return { low: filter.low, high: filter.high };
    case "starts_with":
    case "like-prefix":
      return { prefix: filter.prefix };
    default:
      return { value: filter.value };
  }
}

function fits(value: Scalar, kind: Kind, type: string): boolean {
  switch (kind) {
    case "string":
      return typeof value === "string" && value.isWellFormed();
    case "integer":
      return integerOf(value, type) !== undefined;
    case "number":
      return numberOf(value) !== undefined;
    case "boolean":
      return typeof value === "boolean";
    case "decimal":
      return decimalOf(value, type) !== undefined;
    case "timestamp":
    case "time":
    case "duration":
      return countOf(value, type) !== undefined;
    case "date":
      return daysOf(value) !== undefined;
  }
}

/** In units of the last digit of its type. */
export function decimalOf(value: Scalar, type: string): bigint | undefined {
  const decimal = decimalTypeOf(type);
  return decimal && unscaledOf(value, decimal);
}

/** A number but NaN; infinity has no other form in JSON than a string. */
export function numberOf(value: Scalar): number | undefined {
  if (value === "Infinity" || value === "-Infinity") return Number(value);
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** An integer in the range of its type; a number beyond 2^53 has lost digits before we see it, so a string there. */
export function integerOf(value: Scalar, type: string): bigint | undefined {
  const isExact = typeof value === "string" ? /^-?\d{1,20}$/.test(value) : Number.isSafeInteger(value);
  if (!isExact) return undefined;
  const integer = BigInt(value);
  const bits = Number(type.replace(/\D/g, ""));
  const held = type.startsWith("U") ? BigInt.asUintN(bits, integer) : BigInt.asIntN(bits, integer);
  return held === integer ? integer : undefined;
}

const parsers: Record<string, (text: string) => bigint | undefined> = {
  Timestamp: nanosecondsOf,
  Time: nanosecondsOfDay,
  Duration: nanosecondsIn,
};

/** An instant, a time of day or a duration as the column counts it, in its unit. */
export function countOf(value: Scalar, type: string): bigint | undefined {
  const time = timeOf(type);
  const parsed = time && typeof value === "string" ? parsers[time.kind]?.(value) : undefined;
  if (!time || parsed === undefined) return undefined;
  const unit = nanosecondsA(time.unit);
  const count = parsed / unit;
  return parsed % unit === 0n && BigInt.asIntN(64, count) === count ? count : undefined;
}

const nanosecondsADay = 86_400_000_000_000n;

/** A date as days since 1970, of which a column holds 32 bits. */
export function daysOf(value: Scalar): bigint | undefined {
  const instant = typeof value === "string" ? nanosecondsOf(value) : undefined;
  if (instant === undefined || instant % nanosecondsADay !== 0n) return undefined;
  const days = instant / nanosecondsADay;
  return BigInt.asIntN(32, days) === days ? days : undefined;
}
