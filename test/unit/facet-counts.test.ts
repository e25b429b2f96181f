import fc from "fast-check";
import { expect, test } from "vitest";
import { FacetCounts } from "../../lib/domain/search/facet-counts.ts";

const columns = [
  { name: "tag", type: "Utf8" },
  { name: "tags", type: "List<Utf8>" },
  { name: "n", type: "Int64" },
];
const roomy = { values: 1_000, bytes: 1_000_000 };

function countsOf(column: string, limit: number, values: unknown[], room = roomy) {
  const counts = new FacetCounts({ column, limit }, "facets[0]", columns, room);
  for (const value of values) counts.add(value);
  return counts.facet;
}

test("values come by how many rows have them, then in their order, and the others are counted", () => {
  const facet = countsOf("n", 3, [5, "9007199254740993", 5, 10, 10, 9, null, "9007199254740992", null]);
  expect(facet).toEqual({
    column: "n",
    values: [
      { value: 5, count: 2 },
      { value: 10, count: 2 },
      { value: 9, count: 1 },
    ],
    moreValues: 2,
    nulls: 2,
    isApproximate: false,
  });
});

test("a row counts once for each value of its list, and not for nulls in it", () => {
  const { values, nulls } = countsOf("tags", 9, [["a", "a", "b"], [], [null, "b"], null]);
  expect(values).toEqual([
    { value: "b", count: 2 },
    { value: "a", count: 1 },
  ]);
  expect(nulls).toBe(1);
});

test("of more values than it holds, no count is too large, and none too small by more than it says", () => {
  const tags = fc.array(
    fc.oneof(fc.nat(3), fc.nat(40)).map((n) => `t${n}`),
    { minLength: 1, maxLength: 400 },
  );
  const rooms = fc.record({
    values: fc.integer({ min: 4, max: 12 }),
    bytes: fc.integer({ min: 20, max: 80 }),
  });
  fc.assert(
    fc.property(tags, rooms, (given, room) => {
      const { values, isApproximate, countError = 0, moreValues } = countsOf("tag", 100, given, room);
      const exact = (value: unknown) => given.filter((one) => one === value).length;
      for (const { value, count } of values) {
        expect(count).toBeLessThanOrEqual(exact(value));
        expect(count + countError).toBeGreaterThanOrEqual(exact(value));
      }
      const named = new Set(values.map(({ value }) => value));
      for (const tag of given) if (!named.has(tag)) expect(exact(tag)).toBeLessThanOrEqual(countError);
      expect(isApproximate).toBe(countError > 0);
      expect(moreValues === null).toBe(isApproximate);
      if (!isApproximate) expect(named.size).toBe(new Set(given).size);
    }),
  );
});

test("a text that is too long to be counted is refused by the name of its facet", () => {
  expect(() => countsOf("tag", 1, ["x".repeat(1_024)])).not.toThrow();
  expect(() => countsOf("tag", 1, ["x".repeat(1_025)])).toThrow(
    /facets\[0\]\.column: has values of more than/,
  );
});
