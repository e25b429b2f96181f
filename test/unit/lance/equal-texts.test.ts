import { type Vector as ArrowVector, Int32, LargeUtf8, Utf8, vectorFromArray } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { equalTexts } from "../../../lib/adapters/lance/rows/equal-texts.ts";

const anyText = fc.oneof(
  fc.constantFrom("", "a", "aa", "ä", "ab", "ba", "\u0000", "𝒳"),
  fc.string({ unit: "grapheme" }),
);
const column = (values: (string | null)[]): ArrowVector<Utf8> => vectorFromArray(values, new Utf8());

test("texts are counted as if each were compared with every other, of any part of a column", () => {
  const columns = fc.tuple(
    fc.array(fc.option(anyText), { minLength: 1, maxLength: 200 }),
    fc.nat(20),
    fc.nat(200),
  );
  const property = fc.property(columns, ([values, begin, length]) => {
    const part = values.slice(begin, begin + length);
    const found = equalTexts(column([...values, "last"]).slice(begin, begin + part.length));
    const counts = new Map<string | null, number>();
    for (const value of part) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect(new Map(found?.map(({ row, count }) => [part[row], count]))).toEqual(counts);
    expect(found).toHaveLength(counts.size);
  });
  fc.assert(property, { numRuns: 500 });
});

test("nothing is said of columns that are no texts, or lie in several pieces", () => {
  expect(equalTexts(vectorFromArray([1, 2], new Int32()))).toBeUndefined();
  expect(equalTexts(vectorFromArray(["a"], new LargeUtf8()))).toBeUndefined();
  expect(equalTexts(column(["a"]).concat(column(["b"])))).toBeUndefined();
});
