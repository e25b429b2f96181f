import fc from "fast-check";
import type { Filter, Scalar } from "../../lib/domain/values/filter.ts";
import {
  type ColumnName,
  columnValues,
  type ListName,
  listAt,
  listValues,
  oddNames,
  type Value,
  valueAt,
} from "./filter-rows.ts";

/** SQL's third truth value is null. */
type Truth = boolean | null;

/** A filter, and what it must say of a row. */
export interface Judged {
  filter: Filter;
  holds(row: number): Truth;
}

/** One operand: as a request sends it, and as rows hold it. */
interface Operand {
  sent: Scalar;
  meant: Exclude<Value, null>;
}

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const text = fc.oneof(
  fc.constantFrom(...columnValues.text),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom("'", "\\", "%", "_", "-", "/", "*", "\n", '"', "`", ";", ")", "\0", "a"),
  }),
);
const asIs = <T extends string | number | boolean>(value: T): Operand => ({ sent: value, meant: value });
const integers = (min: bigint, max: bigint, known: bigint[]) =>
  fc
    .tuple(fc.oneof(fc.constantFrom(...known), fc.bigInt({ min, max })), fc.boolean())
    .map(([meant, asText]): Operand => {
      const exact = meant >= BigInt(Number.MIN_SAFE_INTEGER) && meant <= BigInt(Number.MAX_SAFE_INTEGER);
      return { sent: exact && !asText ? Number(meant) : String(meant), meant };
    });
const times = (unit: bigint, known: bigint[]) => {
  const year = { min: -62135596800n, max: 253402300799n };
  const [min, max] = [year.min * unit, (year.max + 1n) * unit - 1n];
  const within = { min: min < int64.min ? int64.min : min, max: max > int64.max ? int64.max : max };
  return fc
    .tuple(fc.oneof(fc.constantFrom(...known), fc.bigInt(within)), fc.boolean())
    .map(([meant, zoned]): Operand => ({ sent: isoOf(meant, unit) + (zoned ? "Z" : ""), meant }));
};
const dates = fc
  .oneof(fc.constantFrom(...columnValues.day), fc.bigInt({ min: -719162n, max: 2932896n }))
  .map((meant): Operand => ({ sent: isoOf(meant * 86_400n, 1n).slice(0, 10), meant }));

/** Written apart from the code under test: seconds by Date, the fraction by hand. */
function isoOf(count: bigint, unit: bigint): string {
  const fraction = ((count % unit) + unit) % unit;
  const seconds = new Date(Number((count - fraction) / unit) * 1_000).toISOString().slice(0, 19);
  const digits = String(unit).length - 1;
  return digits > 0 ? `${seconds}.${String(fraction).padStart(digits, "0")}` : seconds;
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const infinite = fc
  .constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
  .map((meant): Operand => ({ sent: String(meant), meant }));
const finiteOf = (column: "float32" | "float64") => columnValues[column].filter(Number.isFinite);
const operands: Record<ColumnName, fc.Arbitrary<Operand>> = {
  text: text.map(asIs),
  int8: integers(-128n, 127n, columnValues.int8),
  int64: integers(int64.min, int64.max, columnValues.int64),
  uint64: integers(0n, 2n ** 64n - 1n, columnValues.uint64),
  float32: fc.oneof(
    infinite,
    fc.oneof(fc.constantFrom(...finiteOf("float32"), 0.1, 1e39), finite).map((sent): Operand => {
      const rounded = Math.fround(sent);
      return { sent, meant: Number.isFinite(rounded) ? rounded : sent };
    }),
  ),
  float64: fc.oneof(infinite, fc.oneof(fc.constantFrom(...finiteOf("float64")), finite).map(asIs)),
  flag: fc.boolean().map(asIs),
  second: times(1n, columnValues.second),
  millisecond: times(1_000n, columnValues.millisecond),
  microsecond: times(1_000_000n, columnValues.microsecond),
  nanosecond: times(1_000_000_000n, columnValues.nanosecond),
  zoned: times(1_000_000n, columnValues.zoned),
  day: dates,
};

const tests = {
  eq: (order: number) => order === 0,
  ne: (order: number) => order !== 0,
  lt: (order: number) => order < 0,
  lte: (order: number) => order <= 0,
  gt: (order: number) => order > 0,
  gte: (order: number) => order >= 0,
};

/** Strings are ordered by their UTF-8 bytes, as Arrow orders them. */
function orderOf(a: Exclude<Value, null>, b: Exclude<Value, null>): number {
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
  return a < b ? -1 : a > b ? 1 : 0;
}

const of = (column: ColumnName, row: number, test: (value: Exclude<Value, null>) => boolean): Truth => {
  const value = valueAt(column, row);
  return value === null || Number.isNaN(value) ? null : test(value); // NaN is in no comparison, nor in its negation
};

function leavesOf(column: ColumnName): fc.Arbitrary<Judged>[] {
  const operand = operands[column];
  const name = column === "text" ? fc.constantFrom("text", ...oddNames) : fc.constant(column);
  const ops = column === "flag" ? (["eq", "ne"] as const) : (["eq", "ne", "lt", "lte", "gt", "gte"] as const);
  const compare = fc.tuple(fc.constantFrom(...ops), operand, name).map(
    ([op, { sent, meant }, given]): Judged => ({
      filter: { op, column: given, value: sent } as Filter,
      holds: (row) => of(column, row, (value) => tests[op](orderOf(value, meant))),
    }),
  );
  const within = fc.tuple(fc.array(operand, { minLength: 1, maxLength: 5 }), name).map(
    ([many, given]): Judged => ({
      filter: { op: "in", column: given, values: many.map(({ sent }) => sent) },
      holds: (row) => of(column, row, (value) => many.some(({ meant }) => orderOf(value, meant) === 0)),
    }),
  );
  const without = fc.tuple(fc.array(operand, { minLength: 1, maxLength: 5 }), name).map(
    ([many, given]): Judged => ({
      filter: { op: "not_in", column: given, values: many.map(({ sent }) => sent) },
      holds: (row) => of(column, row, (value) => many.every(({ meant }) => orderOf(value, meant) !== 0)),
    }),
  );
  const isNull = fc.tuple(fc.constantFrom("is_null", "exists"), name).map(
    ([op, given]): Judged => ({
      filter: { op, column: given } as Filter,
      holds: (row) => (valueAt(column, row) === null) === (op === "is_null"),
    }),
  );
  const between = fc.tuple(operand, operand, name).map(
    ([low, high, given]): Judged => ({
      filter: { op: "between", column: given, low: low.sent, high: high.sent } as Filter,
      holds: (row) =>
        of(column, row, (value) => orderOf(value, low.meant) >= 0 && orderOf(value, high.meant) <= 0),
    }),
  );
  const prefix = fc.tuple(fc.constantFrom("starts_with", "like-prefix"), text, name).map(
    ([op, start, given]): Judged => ({
      filter: { op, column: given, prefix: start || "a" } as Filter,
      holds: (row) => of("text", row, (value) => String(value).startsWith(start || "a")),
    }),
  );
  const ignoringCase = fc.tuple(text, name).map(
    ([value, given]): Judged => ({
      filter: { op: "eq_ignore_case", column: given, value },
      holds: (row) => of("text", row, (held) => String(held).toLowerCase() === value.toLowerCase()),
    }),
  );
  return [
    compare,
    within,
    without,
    isNull,
    ...(column === "flag" ? [] : [between]),
    ...(column === "text" ? [prefix, ignoringCase] : []),
  ];
}

const itemOperands: Record<ListName, fc.Arbitrary<Operand>> = {
  texts: operands.text,
  int64s: operands.int64,
  uint64s: operands.uint64,
  int8s: operands.int8,
  flags: operands.flag,
  pair: operands.int64,
};

/** Half of what is asked for is in some list. */
function itemOf(column: ListName): fc.Arbitrary<Operand> {
  const known = listValues[column].flat().filter((item) => item !== null);
  const held = fc.constantFrom(...known).map((meant): Operand => {
    return { sent: typeof meant === "bigint" ? String(meant) : meant, meant };
  });
  return fc.oneof(held, itemOperands[column]);
}

function listLeavesOf(column: ListName): fc.Arbitrary<Judged>[] {
  const ofList = (row: number, test: (list: unknown[]) => boolean): Truth => {
    const list = listAt(column, row);
    return list && test(list);
  };
  const contains = itemOf(column).map(
    ({ sent, meant }): Judged => ({
      filter: { op: "contains", column, value: sent },
      holds: (row) => ofList(row, (list) => list.includes(meant)),
    }),
  );
  const many = fc.array(itemOf(column), { minLength: 1, maxLength: 4 });
  const some = many.map(
    (values): Judged => ({
      filter: { op: "any", column, values: values.map(({ sent }) => sent) },
      holds: (row) => ofList(row, (list) => values.some(({ meant }) => list.includes(meant))),
    }),
  );
  const each = many.map(
    (values): Judged => ({
      filter: { op: "all", column, values: values.map(({ sent }) => sent) },
      holds: (row) => ofList(row, (list) => values.every(({ meant }) => list.includes(meant))),
    }),
  );
  const isNull = fc.constantFrom("is_null", "exists").map(
    (op): Judged => ({
      filter: { op, column } as Filter,
      holds: (row) => (listAt(column, row) === null) === (op === "is_null"),
    }),
  );
  return [contains, some, each, isNull];
}

const not = (one: Truth): Truth => (one === null ? null : !one);
const all = (many: Truth[]): Truth => (many.includes(false) ? false : many.includes(null) ? null : true);

/** Filters over the columns of `filterTable`, up to three levels deep. */
export const judged: fc.Arbitrary<Judged> = fc.letrec<{ tree: Judged }>((tie) => {
  const leaf = fc.oneof(
    ...(Object.keys(columnValues) as ColumnName[]).flatMap(leavesOf),
    ...(Object.keys(listValues) as ListName[]).flatMap(listLeavesOf),
  );
  const many = fc.array(tie("tree"), { minLength: 1, maxLength: 3 });
  return {
    tree: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      { weight: 4, arbitrary: leaf },
      {
        weight: 1,
        arbitrary: many.map(
          (parts): Judged => ({
            filter: { op: "and", filters: parts.map((part) => part.filter) },
            holds: (row) => all(parts.map((part) => part.holds(row))),
          }),
        ),
      },
      {
        weight: 1,
        arbitrary: many.map(
          (parts): Judged => ({
            filter: { op: "or", filters: parts.map((part) => part.filter) },
            holds: (row) => not(all(parts.map((part) => not(part.holds(row))))),
          }),
        ),
      },
      {
        weight: 1,
        arbitrary: tie("tree").map(
          (part): Judged => ({
            filter: { op: "not", filter: part.filter },
            holds: (row) => not(part.holds(row)),
          }),
        ),
      },
    ),
  };
}).tree;
