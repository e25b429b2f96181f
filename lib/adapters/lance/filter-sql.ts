import { badRequest, type DomainError } from "../../domain/errors.ts";
import type { Filter, Scalar } from "../../domain/filter.ts";
import type { Column } from "../../domain/index-entry.ts";

type Kind = "string" | "integer" | "unsigned" | "number" | "boolean" | "timestamp" | "date";

const kinds: [RegExp, Kind][] = [
  [/^(Large)?Utf8$/, "string"],
  [/^Int(8|16|32|64)$/, "integer"],
  [/^Uint(8|16|32|64)$/, "unsigned"],
  [/^(Float(16|32|64)|Decimal.*)$/, "number"],
  [/^Bool$/, "boolean"],
  [/^Timestamp/, "timestamp"],
  [/^Date/, "date"],
];

const comparisons = { eq: "=", ne: "!=", lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;

/**
 * Compiles a filter to the SQL that LanceDB takes (DataFusion's). Columns must be the index's; names are quoted with
 * backticks (names that hold one are refused at load), every literal is written in the column's type.
 * @throws BadRequest naming the node and what its column takes
 */
export function filterToSql(filter: Filter, columns: Column[], path = "body.filter"): string {
  switch (filter.op) {
    case "and":
    case "or": {
      const parts = filter.filters.map((one, i) => filterToSql(one, columns, `${path}.filters[${i}]`));
      return `(${parts.join(filter.op === "and" ? " AND " : " OR ")})`;
    }
    case "not":
      return `(NOT ${filterToSql(filter.filter, columns, `${path}.filter`)})`;
    default:
      return leafToSql(filter, columns, path);
  }
}

type Leaf = Exclude<Filter, { op: "and" | "or" | "not" }>;

function leafToSql(filter: Leaf, columns: Column[], path: string): string {
  const { name, type, kind } = columnOf(filter.column, columns, path);
  const literal = (value: Scalar, field: string) => literalOf(value, kind, type, `${path}.${field}`);
  switch (filter.op) {
    case "is_null":
      return `(${name} IS NULL)`;
    case "in":
      return `(${name} IN (${filter.values.map((value, i) => literal(value, `values[${i}]`)).join(", ")}))`;
    case "between":
      return `(${name} BETWEEN ${literal(filter.low, "low")} AND ${literal(filter.high, "high")})`;
    case "like-prefix":
      if (kind !== "string")
        throw wrong(`${path}.column`, `like-prefix is for strings, the column is ${type}`);
      return `(starts_with(${name}, ${quoted(filter.prefix, `${path}.prefix`)}))`;
    default:
      if (kind === "boolean" && filter.op !== "eq" && filter.op !== "ne")
        throw wrong(`${path}.op`, "a boolean has no order; use eq or ne");
      return `(${name} ${comparisons[filter.op]} ${literal(filter.value, "value")})`;
  }
}

function columnOf(name: string, columns: Column[], path: string) {
  const column = columns.find((one) => one.name === name);
  const kind = column && kinds.find(([pattern]) => pattern.test(column.type))?.[1];
  if (column && kind) return { name: `\`${column.name}\``, type: column.type, kind };
  const usable = columns.filter(({ type }) => kinds.some(([pattern]) => pattern.test(type)));
  const why = column ? `is ${column.type}, which cannot be filtered` : "no such column";
  throw wrong(`${path}.column`, `${why}; there are: ${usable.map((one) => one.name).join(", ")}`);
}

function literalOf(value: Scalar, kind: Kind, type: string, path: string): string {
  switch (kind) {
    case "string":
      if (typeof value === "string") return quoted(value, path);
      break;
    case "integer":
    case "unsigned":
      if (isInteger(value, type)) return String(value);
      break;
    case "number":
      if (typeof value === "number" && Number.isFinite(value)) return `CAST('${value}' AS DOUBLE)`;
      break;
    case "boolean":
      if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
      break;
    case "timestamp":
      if (isInstant(value)) return `TIMESTAMP '${new Date(value).toISOString().replace("Z", "")}'`;
      break;
    case "date":
      if (isInstant(value)) return `DATE '${new Date(value).toISOString().slice(0, 10)}'`;
      break;
  }
  throw wrong(path, `must be ${expected[kind]}, the column is ${type}`);
}

const expected: Record<Kind, string> = {
  string: "a string",
  integer: "an integer in the column's range (beyond 2^53 as a string)",
  unsigned: "an integer in the column's range (beyond 2^53 as a string)",
  number: "a finite number",
  boolean: "true or false",
  timestamp: "an ISO 8601 date and time",
  date: "an ISO 8601 date",
};

function isInteger(value: Scalar, type: string): boolean {
  const digits =
    typeof value === "number" ? (Number.isSafeInteger(value) ? String(value) : "") : String(value);
  if (!/^-?\d{1,20}$/.test(digits)) return false;
  const bits = BigInt(type.replace(/\D/g, ""));
  const [low, high] = type.startsWith("U")
    ? [0n, 2n ** bits - 1n]
    : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
  return BigInt(digits) >= low && BigInt(digits) <= high;
}

function isInstant(value: Scalar): value is string {
  const iso = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/;
  return typeof value === "string" && iso.test(value) && !Number.isNaN(Date.parse(value));
}

/** Single quotes are doubled; a NUL ends a string in places beyond our sight. */
function quoted(text: string, path: string): string {
  if (text.includes("\0")) throw wrong(path, "must not hold a NUL character");
  if (!text.isWellFormed()) throw wrong(path, "is not well-formed Unicode");
  return `'${text.replaceAll("'", "''")}'`;
}

function wrong(path: string, message: string): DomainError {
  return badRequest({ path, message });
}
