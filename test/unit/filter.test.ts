import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { filterToSql } from "../../lib/adapters/lance/reading/filter-sql.ts";
import { limits } from "../../lib/config/limits.ts";
import { DomainError, type Issue } from "../../lib/domain/errors.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import type { Filter, Scalar } from "../../lib/domain/values/filter.ts";
import { columnOps } from "../support/filter-ops.ts";
import { judged } from "../support/filter-oracle.ts";
import { columnValues, oddNames } from "../support/filter-rows.ts";

const columns = [
  { name: "text", type: "Utf8" },
  { name: "int8", type: "Int8" },
  { name: "int64", type: "Int64" },
  { name: "uint64", type: "Uint64" },
  { name: "float32", type: "Float32" },
  { name: "float64", type: "Float64" },
  { name: "flag", type: "Bool" },
  { name: "second", type: "Timestamp<SECOND>" },
  { name: "millisecond", type: "Timestamp<MILLISECOND>" },
  { name: "microsecond", type: "Timestamp<MICROSECOND>" },
  { name: "nanosecond", type: "Timestamp<NANOSECOND>" },
  { name: "zoned", type: "Timestamp<MICROSECOND, UTC>" },
  { name: "day", type: "Date32<DAY>" },
  { name: "price", type: "Decimal[5e+2]" },
  { name: "clock", type: "Time64<MICROSECOND>" },
  { name: "span", type: "Duration<MILLISECOND>" },
  { name: "vector", type: "FixedSizeList[2]<Float32>" },
  { name: "texts", type: "List<Utf8>" },
  { name: "int64s", type: "List<Int64>" },
  { name: "uint64s", type: "List<Uint64>" },
  { name: "int8s", type: "List<Int8>" },
  { name: "flags", type: "List<Bool>" },
  { name: "pair", type: "FixedSizeList[2]<Int64>" },
  { name: "floats", type: "List<Float32>" },
  ...oddNames.map((name) => ({ name, type: "Utf8" })),
];

function issuesOf(work: () => unknown): Issue[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof DomainError && error.kind === "BadRequest") return error.issues;
    throw error;
  }
}

const parse = (filter: unknown) => parseSearchRequest({ vector: [1], filter }).filter as Filter;
const issuesWith = (filter: unknown) => issuesOf(() => filterToSql(parse(filter), columns));

const wrong: Record<string, { values: Scalar[]; message: RegExp }> = {
  text: { values: [1, true, "\ud800"], message: /must be a string of well-formed Unicode/ },
  int8: {
    values: [128, -129, 1.5, "x", "1e3", "", " 1", "NaN", true],
    message: /^must be an integer in the column's range/,
  },
  int64: { values: [2 ** 53, "9223372036854775808", "0x10"], message: /beyond 2\^53 as a string/ },
  uint64: { values: [-1, "-1", "18446744073709551616"], message: /integer in the column's range/ },
  float32: {
    values: ["1", true, "infinity"],
    message: /^must be a finite number, "Infinity" or "-Infinity"/,
  },
  float64: { values: ["NaN"], message: /^NaN is in no comparison/ },
  flag: { values: [1, 0, "true"], message: /true or false/ },
  second: { values: ["2024-01-01T00:00:00.5Z", "yesterday", 0], message: /not finer than its unit/ },
  microsecond: { values: ["2024-02-30", "2024-01-01T25:00", "2024-13-01", "24-01-01"], message: /ISO 8601/ },
  nanosecond: { values: ["1500-01-01", "2263-01-01"], message: /in the column's range/ },
  price: { values: ["1000", "0.001", "x", true], message: /a decimal number of the column's digits/ },
  clock: { values: ["25:00", "12:00:00.0000001", 12, true], message: /a time of day as HH:MM:SS/ },
  span: { values: ["P1M", "PT0.0001S", 1, true], message: /an ISO 8601 duration/ },
  day: { values: ["2023-02-29", "2024-01-01T00:00:01Z", 1], message: /an ISO 8601 date/ },
};

describe.each(Object.entries(wrong))("a value that is wrong for %s", (column, { values, message }) => {
  test.each(values)("%j is refused where it stands", (value) => {
    const one = { path: expect.anything(), message: expect.stringMatching(message) };
    expect(issuesWith({ op: "eq", column, value })).toEqual([{ ...one, path: "filter.value" }]);
    expect(issuesWith({ op: "in", column, values: [value] })[0]?.path).toBe("filter.values[0]");
    if (column === "flag" || typeof value === "boolean") return;
    expect(issuesWith({ op: "between", column, low: value, high: value }).map(({ path }) => path)).toEqual([
      "filter.low",
      "filter.high",
    ]);
  });
});

test("every operation is taken for every kind of column that has it", () => {
  for (const [column, known] of Object.entries(columnValues)) {
    const [value] = known.slice(0, 1).map((one) => (typeof one === "bigint" ? String(one) : one));
    const iso = /second|zoned|day/.test(column) ? "2024-01-01" : value;
    const ops = column === "flag" ? ["eq", "ne"] : ["eq", "ne", "lt", "lte", "gt", "gte"];
    for (const op of ops) expect(issuesWith({ op, column, value: iso }), `${op} ${column}`).toEqual([]);
  }
});

test.each([
  ["price", ["999.99", -1.5, "1e2"]],
  ["clock", ["12:30", "23:59:59.999999"]],
  ["span", ["P1DT2H", "-PT0.5S"]],
] as const)("a value that %s holds is taken: %j", (column, values) => {
  expect(issuesWith({ op: "in", column, values })).toEqual([]);
  for (const value of values)
    expect(issuesWith({ op: "between", column, low: value, high: value })).toEqual([]);
});

test("a prefix is a string of well-formed Unicode", () => {
  const issuesOfPrefix = (prefix: string) => issuesWith({ op: "like-prefix", column: "text", prefix });
  expect(issuesOfPrefix("ü%")).toEqual([]);
  expect(issuesOfPrefix("\ud800").map(({ path }) => path)).toEqual(["filter.prefix"]);
});

test("who asks for a column that cannot be filtered learns which can", () => {
  const few = [
    { name: "year", type: "Int8" },
    { name: "vector", type: "FixedSizeList[2]<Float32>" },
  ];
  const issues = issuesOf(() => filterToSql({ op: "is_null", column: "vector" }, few));
  expect(issues[0]?.message).toContain("year");
  expect(issues[0]?.message.match(/vector/)).toBeNull();
  expect(issues[0]?.message).toMatch(/^is FixedSizeList\[2\]<Float32>, which cannot be filtered;/);
  expect(issuesOf(() => filterToSql({ op: "is_null", column: "nowhere" }, few))[0]?.message).toBe(
    "no such column; there are: year",
  );
});

test("of a list its values are asked for, of another column they are not", () => {
  const [asked, values] = [{ column: "int8s", value: 1 }, [1, 128]];
  expect(issuesWith({ op: "contains", ...asked })).toEqual([]);
  expect(issuesWith({ op: "any", column: "int8s", values })).toEqual([
    { path: "filter.values[1]", message: expect.stringMatching(/an integer in .* List<Int8>$/) },
  ]);
  expect(issuesWith({ op: "eq", ...asked })).toEqual([
    { path: "filter.op", message: expect.stringMatching(/^of a list, use contains, any, all/) },
  ]);
  expect(issuesWith({ op: "all", column: "int8", values: [1] })).toEqual([
    { path: "filter.column", message: "all is for lists; the column is Int8" },
  ]);
  expect(issuesWith({ op: "exists", column: "floats" })[0]?.message).toMatch(/which cannot be filtered/);
});

test("lists of values and of filters are bounded, and never empty", () => {
  const values = (count: number) => ({
    op: "in",
    column: "int8",
    values: Array.from({ length: count }, () => 1),
  });
  expect(issuesWith(values(limits.maxFilterValues))).toEqual([]);
  expect(issuesWith(values(limits.maxFilterValues + 1))).toHaveLength(1);
  for (const empty of [
    values(0),
    { op: "and", filters: [] },
    { op: "like-prefix", column: "text", prefix: "" },
  ])
    expect(issuesWith(empty)).toHaveLength(1);
  const prefix = (length: number) => ({ op: "like-prefix", column: "text", prefix: "x".repeat(length) });
  expect(issuesWith(prefix(limits.maxFilterStringLength))).toEqual([]);
  expect(issuesWith(prefix(limits.maxFilterStringLength + 1))).toHaveLength(1);
});

test("every node that does not fit is named at once", () => {
  const filter = {
    op: "and",
    filters: [
      { op: "eq", column: "nowhere", value: 1 },
      { op: "or", filters: [{ op: "lt", column: "flag", value: 1 }] },
      { op: "not", filter: { op: "like-prefix", column: "int8", prefix: "1" } },
      { op: "is_null", column: "vector" },
    ],
  };
  expect(issuesWith(filter).map(({ path }) => path)).toEqual([
    "filter.filters[0].column",
    "filter.filters[1].filters[0].op",
    "filter.filters[2].filter.column",
    "filter.filters[3].column",
  ]);
});

const leaf = { op: "is_null", column: "text" };
const nested = (depth: number): unknown =>
  Array.from({ length: depth - 1 }).reduce((filter) => ({ op: "not", filter }), leaf as unknown);

test("64 nodes are taken, 65 are not", () => {
  const or = (terms: number) => ({ op: "or", filters: Array.from({ length: terms }, () => leaf) });
  expect(issuesWith(or(63))).toEqual([]);
  expect(issuesWith(or(64))).toEqual([{ path: "filter", message: "more than 64 nodes" }]);
  expect(issuesWith(or(900))).toHaveLength(1);
});

test("8 levels are taken, 9 are not, and 100,000 do not exhaust the stack", () => {
  expect(issuesWith(nested(8))).toEqual([]);
  for (const depth of [9, 10_000, 100_000])
    expect(issuesWith(nested(depth))).toEqual([{ path: "filter", message: "deeper than 8 levels" }]);
});

test("a time without an offset is UTC, whatever the zone of the machine", () => {
  const sql = (value: string) => filterToSql({ op: "eq", column: "second", value }, columns);
  expect(sql("2024-01-01T00:00:00")).toBe(sql("2024-01-01T00:00:00Z"));
  expect(sql("2024-01-01 00:00")).toBe(sql("2024-01-01"));
  expect(sql("2024-01-01T01:00:00+01:00")).toBe(sql("2024-01-01T00:00:00.000Z"));
});

test("a string never leaves its quotes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      const compile = () => filterToSql({ op: "eq", column: "text", value }, columns);
      if (issuesOf(compile).length > 0) return;
      expect(/^\(`text` = '((?:[^']|'')*)'\)$/u.exec(compile())?.[1]?.replaceAll("''", "'")).toBe(value);
    }),
    { numRuns: 2_000 },
  );
});

test("a filter that fits its columns compiles", () => {
  fc.assert(
    fc.property(judged, ({ filter }) => {
      expect(issuesOf(() => filterToSql(filter, columns))).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

const key = fc.constantFrom(
  "op",
  "column",
  "value",
  "values",
  "low",
  "high",
  "filters",
  "filter",
  "prefix",
  "__proto__",
);
const op = fc.constantFrom("and", "or", "not", ...columnOps);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    op,
    fc.constantFrom(...columns.map(({ name }) => name), "2024-01-01"),
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(key, tie("tree")),
    fc
      .tuple(op, fc.dictionary(key, tie("tree")))
      .map(([given, more]) => ({ ...(more as object), op: given })),
  ),
}));

test("whatever is sent as a filter is compiled or refused as a bad request", () => {
  fc.assert(
    fc.property(tree, (filter) => {
      issuesWith(filter);
    }),
    { numRuns: 5_000 },
  );
});
