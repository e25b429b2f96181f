import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import { filter } from "../../lib/domain/values/filter.ts";

const leaf = { op: "is_null", column: "a" };
const many = <T>(count: number, one: T) => Array.from({ length: count }, () => one);
const longest = "x".repeat(limits.maxFilterStringLength);
const ordered = (...values: unknown[]) =>
  ["lt", "lte", "gt", "gte"].flatMap((op) => values.map((value) => ({ op, column: "a", value })));
const equal = (...values: unknown[]) =>
  ["eq", "ne"].flatMap((op) => values.map((value) => ({ op, column: "a", value })));
const combined = (filters: unknown) => ["and", "or"].map((op) => ({ op, filters }));

const taken = [
  leaf,
  { op: "not", filter: leaf },
  ...combined([leaf]),
  ...combined(many(limits.maxFilterNodes, leaf)),
  ...equal("", longest, -1.5, 0, true, false),
  ...ordered("", longest, -1.5, 0),
  { op: "in", column: "a", values: ["x", 1, true] },
  { op: "in", column: "a", values: many(limits.maxFilterValues, 1) },
  { op: "between", column: "a", low: 1, high: "2" },
  { op: "like-prefix", column: "a", prefix: "x" },
  { op: "like-prefix", column: "a", prefix: longest },
];

const refused = [
  {},
  { op: "like", column: "a", value: "x" },
  { ...leaf, value: 1 },
  { op: "is_null" },
  { op: "not" },
  { op: "not", filters: [leaf] },
  ...combined([]),
  ...combined(many(limits.maxFilterNodes + 1, leaf)),
  ...equal(null, Number.NaN, [1], `${longest}x`),
  ...ordered(null, Number.POSITIVE_INFINITY, true, `${longest}x`),
  { op: "in", column: "a", values: [] },
  { op: "in", column: "a", values: [null] },
  { op: "in", column: "a", values: many(limits.maxFilterValues + 1, 1) },
  { op: "between", column: "a", low: 1 },
  { op: "between", column: "a", low: false, high: true },
  { op: "like-prefix", column: "a", prefix: "" },
  { op: "like-prefix", column: "a", prefix: `${longest}x` },
  { op: "like-prefix", column: "a", prefix: 1 },
];

/** One test: the schema is made with the first filter that is parsed, and a mutation of it is tried with that test alone. */
test("every operation takes its own fields, within their bounds", () => {
  for (const one of taken) expect(filter.safeParse(one), JSON.stringify(one)).toMatchObject({ data: one });
  for (const one of refused) expect(filter.safeParse(one).success, JSON.stringify(one)).toBe(false);
});
