import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import {
  indexable,
  likelyFilterColumns,
  refuseUnfilterable,
  whyUnlikely,
} from "../../lib/domain/source/filter-columns.ts";

const rows = 100;

/** A source of files whose columns have these types, and so many bytes in each file. */
function likely(...files: Record<string, [type: string, bytes: number]>[]): string[] {
  const source = files.map((columns, i) => ({
    key: `f${i}`,
    footer: {
      ...{ bytes: 0, rows, rowGroups: [{ rows, bytes: 0 }] },
      columns: Object.entries(columns).map(([name, [type, bytes]]) => ({ name, type, bytes, carried: true })),
    },
  }));
  const types = new Map(
    files.flatMap((columns) => Object.entries(columns).map(([name, [type]]) => [name, type])),
  );
  const columns = [...types].map(([name, type]) => ({ name, type }));
  return likelyFilterColumns(source, { columns, idColumn: "id" });
}

test("numbers, booleans and short strings are likely to be filtered by; times, lists, the id and the vector get no index", () => {
  const short = rows * limits.likelyFilterBytes;
  const columns = {
    ...{
      id: ["Utf8", 0],
      v: ["FixedSizeList[4]<Float32>", 0],
      year: ["Int32", 400],
      price: ["Float64", 800],
    },
    ...{
      sold: ["Bool", 20],
      lang: ["Utf8", short],
      text: ["Utf8", short + 1],
      at: ["Timestamp<MICROSECOND>", 8],
    },
    tags: ["List<Utf8>", 8],
  } as Record<string, [string, number]>;
  expect(likely(columns)).toEqual(["year", "price", "sold", "lang"]);
});

test("whether a string is short is a matter of all files, and wide tables get no more than a few indexes", () => {
  const long = rows * limits.likelyFilterBytes * 2;
  expect(likely({ a: ["Utf8", long] }, { a: ["Utf8", 0] })).toEqual(["a"]);
  expect(likely({ a: ["Utf8", long] }, { a: ["Utf8", 1] })).toEqual([]);
  const wide = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`c${i}`, ["Int64", 8] as [string, number]]),
  );
  expect(likely(wide)).toHaveLength(limits.likelyFilterColumns);
});

test("strings whose values turn out to be long are not likely, and it is said how long they are", () => {
  const short = limits.likelyFilterBytes;
  expect(whyUnlikely({ mean: short, most: limits.maxFilterStringLength })).toBeUndefined();
  expect(whyUnlikely({ mean: 20_000, most: 20_000 })).toMatch(
    /20000 bytes on the average; name it in filter/,
  );
  expect(whyUnlikely({ mean: 3, most: 90_000 })).toMatch(/one of its values has 90000 bytes/);
});

const typed = Object.entries({
  ...{ lang: "Utf8", year: "Int32", price: "Decimal[9e+2]", took: "Duration<SECOND>" },
  ...{ at: "Timestamp<SECOND>", day: "Date32<DAY>", tags: "List<Utf8>" },
  ...{ prices: "List<Float64>", pair: "FixedSizeList[2]<Int8>" },
}).map(([name, type]) => ({ name, type }));

test("decimals, durations and lists of a length are filtered by, and get no scalar index", () => {
  const named = ["took", "year", "price", "at", "lang", "tags", "pair"];
  expect(indexable(named, typed)).toEqual(["year", "at", "lang", "tags"]);
});

test("every named column that there is not or that no filter takes is refused, with those that fit", () => {
  expect(() => refuseUnfilterable(["lang", "price", "took", "day"], typed)).not.toThrow();
  expect(() => refuseUnfilterable(["lang", "prices", "nowhere"], typed)).toThrow(
    expect.objectContaining({
      kind: "IndexParametersInvalid",
      issues: [
        {
          path: "filterColumns[1]",
          message: expect.stringMatching(/"prices".*lang, year, price, took, at, day, tags, pair$/),
        },
        { path: "filterColumns[2]", message: expect.stringMatching(/"nowhere"/) },
      ],
    }),
  );
});

test("a string is unlikely from its limits on", () => {
  const { likelyFilterBytes: mean, maxFilterStringLength: most } = limits;
  expect(whyUnlikely({ mean: mean + 0.1, most })).toBeDefined();
  expect(whyUnlikely({ mean, most: most + 1 })).toBeDefined();
});
