import { expect, test } from "vitest";
import type { DomainError } from "../../lib/domain/errors.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import type { Lease, Query, WarmIndexes } from "../../lib/domain/search/reader.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";

const refined = { nprobes: 3, refineFactor: 2 };
const unrefined = { nprobes: 8 };

/** The settings a search reads with and tells. @param more what the request says beside its vector */
async function settingsOf(
  isReplicated: boolean,
  more: object = {},
  publication: object = {},
  isNarrowed = false,
) {
  let asked: Query | undefined;
  const reader = {
    version: 1,
    isReplicated,
    columns: [{ name: "year", type: "Int32" }],
    search: async (query: Query) => {
      asked = query;
      return [];
    },
  };
  const published = {
    dimension: 2,
    metric: "l2",
    indexType: "IVF_RQ",
    indexParameters: { numPartitions: 100 },
    searchDefaults: refined,
    unrefinedDefaults: unrefined,
    recall: {},
    ...publication,
  };
  const lease = { reader, published, isNarrowed } as unknown as Lease;
  const indexes: WarmIndexes = { use: (_index, _consistency, work) => work(lease) };
  const request = parseSearchRequest({ vector: [1, 2], select: [], ...more });
  const { performance } = await searchIndex(indexes, "docs", request, 1_000);
  expect(performance).toMatchObject(asked?.settings ?? {});
  return asked?.settings;
}

test("until vectors lie on the disk an index is searched without refining, where its target is reached so", async () => {
  expect(await settingsOf(false)).toEqual(unrefined);
  expect(await settingsOf(true)).toEqual(refined);
  expect(await settingsOf(false, {}, { unrefinedDefaults: undefined })).toEqual(refined);
});

test("settings that are asked for go with the same others, wherever the vectors are", async () => {
  for (const isReplicated of [false, true]) {
    expect(await settingsOf(isReplicated, { nprobes: 5 })).toEqual({ nprobes: 5, refineFactor: 2 });
    expect(await settingsOf(isReplicated, { refineFactor: 4 })).toEqual({ nprobes: 3, refineFactor: 4 });
  }
});

test("a filtered search is widened and refined, wherever the vectors are", async () => {
  const filter = { op: "eq", column: "year", value: 1999 };
  for (const isReplicated of [false, true])
    expect(await settingsOf(isReplicated, { filter })).toEqual({ nprobes: 6, refineFactor: 2 });
});

test("a reader that has some of the rows alone is searched as by a filter", async () => {
  for (const isReplicated of [false, true])
    expect(await settingsOf(isReplicated, {}, {}, true)).toEqual({ nprobes: 6, refineFactor: 2 });
});

test("where it was measured with a filter, that is what a filtered search goes by", async () => {
  const filter = { op: "eq", column: "year", value: 1999 };
  const measured = { filteredDefaults: { nprobes: 9 } };
  expect(await settingsOf(true, { filter }, measured)).toEqual({ nprobes: 9 });
  expect(await settingsOf(true, { filter, nprobes: 4 }, measured)).toEqual({ nprobes: 4 });
  expect(await settingsOf(true, {}, measured)).toEqual(refined);
});

test("settings go by the hits that are asked for, and those that are named stay as named", async () => {
  expect(await settingsOf(true, { k: 1 })).toEqual({ nprobes: 3, refineFactor: 20 });
  expect(await settingsOf(true, { k: 1, refineFactor: 1 })).toEqual({ nprobes: 3, refineFactor: 1 });
  expect(await settingsOf(false, { k: 5 })).toEqual({ nprobes: 8, refineFactor: 2 });
  const filter = { op: "eq", column: "year", value: 1999 };
  expect(await settingsOf(true, { k: 2, filter }, { filteredDefaults: { nprobes: 9 } })).toEqual({
    nprobes: 9,
    refineFactor: 5,
  });
});

test("a vector is an array of finite numbers, and every one that is none is named", () => {
  const pathsOf = (vector: unknown) => {
    try {
      return parseSearchRequest({ vector }).vector;
    } catch (error) {
      return (error as DomainError).issues.map(({ path }) => path);
    }
  };
  expect(pathsOf([1, -0.5, 1e300])).toEqual([1, -0.5, 1e300]);
  expect(pathsOf([1, true, [2], "3", null, Number.NaN, 4])).toEqual(
    [1, 2, 3, 4, 5].map((i) => `vector[${i}]`),
  );
  const none = [undefined, null, "1,2", 3, { length: 2 }, [], new Float32Array(2), new Array(16_385).fill(1)];
  for (const vector of none) expect(pathsOf(vector)).toEqual(["vector"]);
  expect(pathsOf(new Array(3))).toEqual(["vector[0]", "vector[1]", "vector[2]"]);
});

test.each([
  ["1,000 hits of an index that has as many", { k: 1_000 }, 5_000, "of 1000 hits 13 fit"],
  ["all rows", { k: 1_000 }, 180, "a k of at most 13"],
])(
  "vectors that no answer has room for are refused before anything is searched: %s",
  async (_, more, rows, said) => {
    const published = {
      dimension: 16_384,
      metric: "l2",
      indexType: "EXACT",
      vectorColumn: "v",
      rows,
      recall: {},
    };
    const lease = { published, reader: { columns: [{ name: "v", type: "FixedSizeList[16384]<Float32>" }] } };
    const indexes: WarmIndexes = { use: (_index, _consistency, work) => work(lease as unknown as Lease) };
    const request = parseSearchRequest({ vector: new Array(16_384).fill(1), select: ["v"], ...more });
    await expect(searchIndex(indexes, "docs", request, 1_000)).rejects.toMatchObject({
      kind: "AnswerTooLarge",
      message: expect.stringContaining(said),
    });
  },
);
