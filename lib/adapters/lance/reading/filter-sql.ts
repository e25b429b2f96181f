import { badRequest } from "../../../domain/errors.ts";
import type { Column } from "../../../domain/index/index-entry.ts";
import { listOf } from "../../../domain/values/column-types.ts";
import { decimalText, decimalTypeOf } from "../../../domain/values/decimal.ts";
import type { Filter, Scalar } from "../../../domain/values/filter.ts";
import {
  countOf,
  daysOf,
  decimalOf,
  filterIssues,
  integerOf,
  kindOf,
  numberOf,
} from "../../../domain/values/filter-types.ts";

const comparisons = { eq: "=", ne: "!=", lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;

/**
 * Compiles a filter to the SQL that LanceDB takes (DataFusion's). Columns must be the index's; names are quoted with
 * backticks (names that hold one are refused at load), every literal is written in the column's type.
 * @throws BadRequest naming every node that does not fit its column, and what the column takes
 */
export function filterToSql(filter: Filter, columns: Column[]): string {
  const issues = filterIssues(filter, columns);
  if (issues.length > 0) throw badRequest(issues);
  return sqlOf(filter, new Map(columns.map(({ name, type }) => [name, type])));
}

/**
 * A `not` is carried down to the comparisons, each of which then asks for a value: DataFusion makes `x IN (0) AND x IN (1)`
 * false also where x is null, and `NOT` of it would be true there.
 */
function sqlOf(filter: Filter, types: Map<string, string>, negated = false): string {
  switch (filter.op) {
    case "and":
    case "or": {
      const parts = filter.filters.map((one) => sqlOf(one, types, negated));
      return `(${parts.join((filter.op === "and") === negated ? " OR " : " AND ")})`;
    }
    case "not":
      return sqlOf(filter.filter, types, !negated);
    case "not_in":
      return sqlOf({ ...filter, op: "in" }, types, !negated);
    case "exists":
      return sqlOf({ ...filter, op: "is_null" }, types, !negated);
    default: {
      const type = types.get(filter.column) ?? "";
      return negated ? negatedLeaf(filter, type) : leafToSql(filter, type);
    }
  }
}

type Leaf = Exclude<Filter, { op: "and" | "or" | "not" | "not_in" | "exists" }>;

function negatedLeaf(filter: Leaf, type: string): string {
  const sql = leafToSql(filter, type);
  if (filter.op === "is_null") return `(NOT ${sql})`;
  const guard =
    kindOf(type) === "number" ? isNumber(filter.column, type) : `\`${filter.column}\` IS NOT NULL`;
  return `(${guard} AND NOT ${sql})`;
}

/**
 * Neither null nor NaN, which DataFusion sorts above infinity, or below its negative by its sign. In ranges, which are
 * looked up in a scalar index, as a function is not.
 */
function isNumber(column: string, type: string): string {
  return `\`${column}\` BETWEEN ${numberLiteral(-Infinity, type)} AND ${numberLiteral(Infinity, type)}`;
}

function leafToSql(filter: Leaf, type: string): string {
  const name = `\`${filter.column}\``;
  const compared = comparable(name, type);
  const item = listOf(type)?.item;
  const literal = (value: Scalar) => (item ? itemLiteral(value, item) : literalOf(value, type));
  const literals = (values: Scalar[]) => values.map(literal).join(", ");
  switch (filter.op) {
    case "is_null":
      return `(${name} IS NULL)`;
    case "in":
      return `(${compared} IN (${literals(filter.values)}))`;
    case "any":
    case "all":
      return `(array_has_${filter.op}(${name}, make_array(${literals(filter.values)})))`;
    case "contains":
      return `(array_has(${name}, ${literal(filter.value)}))`;
    case "eq_ignore_case":
      return `(lower(${name}) = lower(${literal(filter.value)}))`;
    case "between":
      return `(${compared} BETWEEN ${literal(filter.low)} AND ${literal(filter.high)})`;
    case "starts_with":
    case "like-prefix":
      return `(starts_with(${name}, ${literal(filter.prefix)}))`;
    default: {
      const comparison = `${compared} ${comparisons[filter.op]} ${literal(filter.value)}`;
      const mayFindNaN = filter.op !== "eq" && kindOf(type) === "number";
      return mayFindNaN ? `(${comparison} AND ${isNumber(filter.column, type)})` : `(${comparison})`;
    }
  }
}

/** Times are compared as counts of their unit: a time literal would be cut to the column's, or overflow nanoseconds. */
function comparable(name: string, type: string): string {
  const kind = kindOf(type);
  if (kind === "timestamp" || kind === "time" || kind === "duration") return `CAST(${name} AS BIGINT)`;
  return kind === "date" ? `CAST(${name} AS INT)` : name;
}

function literalOf(value: Scalar, type: string): string {
  switch (kindOf(type)) {
    case "string":
      return `'${String(value).replaceAll("'", "''")}'`;
    case "integer":
      return integerLiteral(integerOf(value, type));
    case "number":
      return numberLiteral(numberOf(value) ?? Number.NaN, type);
    case "decimal":
      return decimalLiteral(decimalOf(value, type), type);
    case "timestamp":
    case "time":
    case "duration":
      return integerLiteral(countOf(value, type));
    case "date":
      return integerLiteral(daysOf(value));
    default:
      return value === true ? "TRUE" : "FALSE";
  }
}

/** In the list's own type: DataFusion finds none that holds all unsigned and all signed integers of 64 bits. */
function itemLiteral(value: Scalar, type: string): string {
  const isInteger = kindOf(type) === "integer";
  return isInteger
    ? `arrow_cast('${integerOf(value, type)}', '${type.replace("Uint", "UInt")}')`
    : literalOf(value, type);
}

/** The lowest int64 as digits is read as the negation of a number that is no int64. */
function integerLiteral(value: bigint | undefined): string {
  return value === -(2n ** 63n) ? `CAST('${value}' AS BIGINT)` : String(value);
}

/** In the column's own type: another scale would be compared after a cast of the column, which may overflow. */
function decimalLiteral(unscaled: bigint | undefined, type: string): string {
  const { precision, scale } = decimalTypeOf(type) ?? { precision: 0, scale: 0 };
  const bits = precision > 38 ? 256 : 128;
  return `arrow_cast('${decimalText(unscaled ?? 0n, scale)}', 'Decimal${bits}(${precision}, ${scale})')`;
}

/** A float32 column holds 0.1 rounded: compared with the double 0.1 it would equal nothing. */
function numberLiteral(value: number, type: string): string {
  const fitsFloat = type !== "Float64" && Number.isFinite(Math.fround(value)) === Number.isFinite(value);
  return `CAST('${value}' AS ${fitsFloat ? "FLOAT" : "DOUBLE"})`;
}
