import { expect, test, vi } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import type { Lease, Query, WarmIndexes } from "../../lib/domain/search/reader.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { selectedColumns } from "../../lib/domain/search/selected-columns.ts";

const columns = [
  { name: "doc_id", type: "Utf8" },
  { name: "v", type: "FixedSizeList[2]<Float32>" },
  { name: "year", type: "Int32" },
];
const published = {
  ...{ generation: "g3", dimension: 2, metric: "l2", vectorColumn: "v", rows: 100, indexType: "IVF_FLAT" },
  ...{ indexParameters: { numPartitions: 10 }, searchDefaults: { nprobes: 3 }, recall: {} },
};

/** Searches an index of two dimensions. @returns what its reader was asked, and the answer */
async function searched(body: object, publication: object = {}, lease: object = {}, timeoutMs = 1_000) {
  const asked: Query[] = [];
  const reader = { columns, version: 7, isReplicated: false, ...(lease as { reader?: object }).reader };
  const search = async (query: Query) => {
    asked.push(query);
    return [{ doc_id: "a", distance: 0, score: 1 }];
  };
  const opened = { cold: false, openMs: 0, ...lease, reader: { search, ...reader } };
  const whole = { ...opened, published: { ...published, ...publication } } as unknown as Lease;
  const indexes: WarmIndexes = { use: (_index, _consistency, work) => work(whole) };
  const request = parseSearchRequest({ vector: [3, 4], ...body });
  const answer = await searchIndex(indexes, "docs", request, timeoutMs);
  return { query: asked[0] as Query, ...answer };
}

const refused = async (body: object, publication: object = {}) => {
  const error: DomainError = await searched(body, publication).then(
    () => expect.fail("was searched"),
    (reason) => reason,
  );
  return [error.kind, ...error.issues.map(({ path, message }) => `${path}: ${message}`)];
};

test("the reader is asked for what the request says, and its hits are the answer", async () => {
  const { query, hits, performance } = await searched({ k: 5, select: ["year", "year", "v"] });
  expect(query).toMatchObject({ vector: Float32Array.of(3, 4), k: 5, columns: ["year", "v"] });
  expect(hits).toEqual([{ doc_id: "a", distance: 0, score: 1 }]);
  expect(performance).toMatchObject({ generation: "g3", version: 7, nprobes: 3 });
});

test("without a selection hits have all columns but the vector", async () => {
  expect((await searched({})).query.columns).toEqual(["doc_id", "year"]);
  expect((await searched({ select: [] })).query.columns).toEqual([]);
});

test("whatever does not fit the index is told at once, and nothing is searched", async () => {
  const filter = { op: "eq", column: "yaer", value: 1 };
  expect(await refused({ vector: [1], select: ["year", "w"], filter, ef: 20 })).toEqual([
    "BadRequest",
    "vector: has 1 numbers, the index has dimension 2",
    "select[1]: no such column; there are: doc_id, v, year",
    expect.stringMatching(/^filter\.column: /),
    "ef: is for HNSW_SQ; this index is IVF_FLAT",
  ]);
  expect(() => selectedColumns(["w"], columns, { vectorColumn: "v" })).toThrow("no such column");
});

test("numbers that are no float32 are named", async () => {
  const none = (i: number) => `vector[${i}]: is not a finite float32 number`;
  expect(await refused({ vector: [1e39, -1e300] })).toEqual(["BadRequest", none(0), none(1)]);
  expect(await refused({ vector: [1, 3.5e38] }, { metric: "cosine" })).toEqual(["BadRequest", none(1)]);
});

test.each(["l2", "dot"])("by %s a vector has a length that float32 can square, or none", async (metric) => {
  const longest = Math.sqrt(limits.maxSquaredLength);
  const { query } = await searched({ vector: [longest, 0] }, { metric });
  expect(query.vector).toEqual(Float32Array.of(longest, 0));
  expect(await refused({ vector: [1.01 * longest, 0] }, { metric })).toEqual([
    "BadRequest",
    `vector: is too long: ${longest} at most, by ${metric}`,
  ]);
  expect((await searched({ vector: [0, 0] }, { metric })).query.vector).toEqual(Float32Array.of(0, 0));
  expect((await searched({ vector: [1e-9, 0] }, { metric })).query.vector).toEqual(Float32Array.of(1e-9, 0));
});

test("by cosine a vector needs a direction, and one of an extreme length is scaled", async () => {
  const given = async (...vector: number[]) =>
    (await searched({ vector }, { metric: "cosine" })).query.vector;
  expect(await refused({ vector: [0, 0] }, { metric: "cosine" })).toEqual([
    "BadRequest",
    "vector: is all zeros, which has no direction to compare by cosine",
  ]);
  expect(await given(3, 4)).toEqual(Float32Array.of(3, 4));
  expect(await given(1e-6, 0)).toEqual(Float32Array.of(1e-6, 0));
  expect(await given(0, 1e6)).toEqual(Float32Array.of(0, 1e6));
  expect(await given(-3e30, 1.5e30)).toEqual(Float32Array.of(-1, 0.5));
  expect(await given(1e-20, -2e-20)).toEqual(Float32Array.of(0.5, -1));
});

test("candidates of a graph are as many as hits at least, and as many as may be at most", async () => {
  const graph = { indexType: "HNSW_SQ", searchDefaults: { ef: 64 } };
  const settings = async (body: object, more = graph) => (await searched(body, more)).query.settings;
  expect(await settings({ k: 10 })).toEqual({ ef: 64 });
  expect(await settings({ k: 100, ef: 20 })).toEqual({ ef: 100 });
  expect(await settings({ k: 10, ef: 20 })).toEqual({ ef: 20 });
  expect(await settings({ k: limits.maxK, ef: 20 })).toEqual({ ef: Math.min(limits.maxK, limits.maxEf) });
  const filter = { op: "is_null", column: "year" };
  const widest = { ...graph, searchDefaults: { ef: limits.maxEf } };
  expect(await settings({ filter }, widest)).toEqual({
    ef: limits.maxEf,
    refineFactor: limits.filterRefineFactor,
  });
});

test("where no filter was measured a filtered search is wider, and refined where there are codes", async () => {
  const body = { filter: { op: "is_null", column: "year" } };
  const settings = async (indexType: string, searchDefaults: object) =>
    (await searched(body, { indexType, searchDefaults })).query.settings;
  expect(await settings("IVF_FLAT", { nprobes: 3 })).toEqual({ nprobes: 3 * limits.filterWidening });
  expect(await settings("IVF_FLAT", { nprobes: 9 })).toEqual({ nprobes: 10 });
  expect(await settings("EXACT", {})).toEqual({});
  expect(await settings("IVF_PQ", { nprobes: 1, refineFactor: 8 })).toMatchObject({ refineFactor: 8 });
  expect(await settings("IVF_PQ", { nprobes: 1 })).toMatchObject({ refineFactor: limits.filterRefineFactor });
});

test.each([
  [{ cold: true, reader: { isReplicated: true } }, "cold"],
  [{ reader: { isReplicated: true } }, "replica"],
  [{}, "warm"],
])("the answer tells what was read: %o", async (lease, cache) => {
  expect((await searched({}, {}, lease)).performance.cache).toBe(cache);
});

test("the answer tells which parts were on the disk when the search began, where any can be", async () => {
  expect((await searched({})).performance).not.toHaveProperty("onDisk");
  const reader = {
    columns,
    onDisk: ["index"],
    search: async () => {
      reader.onDisk = ["index", "rows"];
      return [];
    },
  };
  expect((await searched({}, {}, { reader })).performance.onDisk).toEqual(["index"]);
});

test("what it took to open leaves less time to search in, and all of it is told", async () => {
  let clock = 5_000;
  const now = vi.spyOn(performance, "now").mockImplementation(() => clock);
  const search = async (query: Query) => {
    asked = query;
    clock += 30;
    return [];
  };
  let asked: Query | undefined;
  const lease = { cold: true, openMs: 170.0004, published, reader: { columns, version: 7, search } };
  const indexes: WarmIndexes = {
    use: (_index, _consistency, work) => {
      clock += 200;
      return work(lease as unknown as Lease);
    },
  };
  const answer = await searchIndex(indexes, "docs", parseSearchRequest({ vector: [3, 4] }), 1_000);
  now.mockRestore();
  expect(asked?.timeoutMs).toBe(800);
  expect(answer.performance).toMatchObject({ openMs: 170, searchMs: 30, totalMs: 230 });
});

test("hits with vectors like that of the nearest are refused before theirs are read, with a k that surely fits", async () => {
  const long = { dimension: 768, rows: 5_000 };
  const body = { vector: new Array(768).fill(1), k: 1_000, select: ["v"] };
  const asked: number[] = [];
  const searchedWith = (number: number, more: object = {}) => {
    const search = async ({ k }: Query) => {
      asked.push(k);
      return [{ doc_id: "a", v: new Array(768).fill(number), distance: 0, score: 1 }];
    };
    return searched({ ...body, ...more }, long, { reader: { columns, version: 7, search } });
  };
  await expect(searchedWith(0.012345678720633984)).rejects.toMatchObject({
    kind: "AnswerTooLarge",
    message: expect.stringMatching(/^of 1000 hits 286 fit.*a k of at most 286.*without "v"$/),
  });
  expect(asked).toEqual([1]);
  for (const [number, more] of [
    [1, {}],
    [0.012345678720633984, { k: 286 }],
    [0.012345678720633984, { filter: { op: "is_null", column: "year" } }],
  ] as const)
    await searchedWith(number, more);
  expect(asked).toEqual([1, 1, 1_000, 286, 1_000]);
});

test("hits with their vectors are counted beforehand only where no filter leaves fewer", async () => {
  const wide = { dimension: 16_384, rows: 5_000 };
  const body = { vector: new Array(16_384).fill(1), k: 1_000 };
  const filter = { op: "is_null", column: "year" };
  expect(await refused({ ...body, select: ["v"] }, wide)).toEqual(["AnswerTooLarge"]);
  expect((await searched({ ...body, select: ["v"], filter }, wide)).hits).toHaveLength(1);
  expect((await searched({ ...body, select: ["year"] }, wide)).hits).toHaveLength(1);
  expect((await searched({ ...body, select: ["v"] }, { ...wide, rows: 10 })).hits).toHaveLength(1);
  expect((await searched({ ...body, select: ["v"], k: 10 }, wide)).hits).toHaveLength(1);
});
