import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NarrowedReader } from "../../lib/domain/access/narrowed-reader.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { parseSearchBody, type QueriesRequest } from "../../lib/domain/search/queries-request.ts";
import type { AlikeQueries, Lease, Query, WarmIndexes } from "../../lib/domain/search/reader.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { searchQueries } from "../../lib/domain/search/search-queries.ts";
import type { Hit } from "../../lib/domain/search/search-response.ts";
import type { Filter } from "../../lib/domain/values/filter.ts";
import { dimension, idOf, type SearchedTable, searchedTables, vectorOf } from "../support/searched-tables.ts";

let folder: string;
let tables: SearchedTable[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "queries-"));
  tables = await searchedTables(folder);
});

afterAll(async () => {
  for (const table of tables ?? []) await table.close();
  await rm(folder, { recursive: true, force: true });
});

const leaseOf = ({ published, readers }: SearchedTable, more: object = {}) =>
  ({ published, reader: readers.plain, openMs: 0, viewAgeMs: 0, cold: false, ...more }) as unknown as Lease;

const served = (lease: Lease): WarmIndexes => ({ use: (_index, _freshness, work) => work(lease) });
const parsed = (body: object) => parseSearchBody(body) as QueriesRequest;

test("many queries are each answered as alone, in their order, on every type of index", async () => {
  const filter = { op: "is_null", column: "text" };
  const queries = Array.from({ length: 16 }, (_, i) =>
    [
      { vector: vectorOf(i) },
      { vector: vectorOf(i), k: 2, filter },
      { docId: idOf(7), includeSelf: true },
      { vector: vectorOf(i), exact: true, distanceRange: { max: 1 } },
    ].at(i % 4),
  ) as object[];
  const common = { k: 5, select: ["text"] };
  for (const table of tables) {
    const indexes = served(leaseOf(table));
    const { results } = await searchQueries(indexes, "docs", parsed({ ...common, queries }), 10_000);
    expect(results).toHaveLength(16);
    for (const [i, query] of queries.entries()) {
      const alone = await searchIndex(indexes, "docs", parseSearchRequest({ ...common, ...query }), 10_000);
      expect(results[i]).toMatchObject({ hits: alone.hits });
    }
  }
});

const word = fc.constantFrom(..."abc");
const anyQuery = fc.record(
  {
    vector: fc.integer({ min: 0, max: 60 }).map(vectorOf),
    k: fc.constantFrom(1, 5, 40, 300),
    exact: fc.constantFrom(true, false),
    select: fc.constantFrom([], ["text"], ["text", "vector"]),
    nprobes: fc.constantFrom(1, 3),
    refineFactor: fc.constantFrom(1, 4),
    filter: fc.oneof(
      fc.constant({ op: "is_null", column: "text" }),
      fc
        .integer({ min: 0, max: 400 })
        .map((i) => ({ op: "in", column: "doc_id", values: [idOf(i), idOf(i + 8)] })),
      word.map((prefix) => ({ op: "starts_with", column: "text", prefix })),
    ),
  },
  { requiredKeys: ["vector"] },
);
/** Of a few kinds, so that some share what they read. */
const manyQueries = fc
  .tuple(
    fc.array(anyQuery, { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(60)), { minLength: 2, maxLength: 24 }),
  )
  .map(([kinds, drawn]) =>
    drawn.map(([kind, row]) => ({ ...kinds[kind % kinds.length], vector: vectorOf(row) })),
  );

test.each(["plain", "held", "copied"] as const)(
  "whatever many queries ask for, each has exactly the hits that it has alone: rows %s",
  async (kind) => {
    for (const table of tables) {
      const indexes = served(leaseOf(table, { reader: table.readers[kind] }));
      const property = fc.asyncProperty(manyQueries, async (all) => {
        const queries = all.map(({ exact, nprobes, refineFactor, ...query }) =>
          exact || table.type === "EXACT" || table.type === "HNSW_SQ"
            ? { ...query, ...(exact ? { exact } : {}) }
            : { ...query, ...(nprobes ? { nprobes } : {}), ...(refineFactor ? { refineFactor } : {}) },
        );
        const { results } = await searchQueries(indexes, "docs", parsed({ queries }), 10_000);
        for (const [i, query] of queries.entries()) {
          const alone = await searchIndex(indexes, "docs", parseSearchRequest(query), 10_000);
          expect((results[i] as { hits: unknown }).hits).toEqual(alone.hits);
        }
      });
      await fc.assert(property, { numRuns: 6 });
    }
  },
  120_000,
);

/** A table whose searches are counted, and whose version is as a test says. */
function watched(
  table: SearchedTable,
  versionAfter: (searches: number) => number,
  more: PropertyDescriptorMap = { searchAlike: { value: undefined } },
) {
  const seen = { searches: 0, under: 0, most: 0 };
  const { plain } = table.readers;
  const reader = Object.create(plain, {
    version: { get: () => versionAfter(seen.searches) },
    columns: { get: () => plain.columns },
    unindexedRows: { value: undefined },
    ...more,
    search: {
      value: async (query: Query): Promise<Hit[]> => {
        seen.searches++;
        seen.most = Math.max(seen.most, ++seen.under);
        return plain.search(query).finally(() => seen.under--);
      },
    },
  });
  return { seen, indexes: served(leaseOf(table, { reader })) };
}

const vectors = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ vector: vectorOf(i), select: [] }));

test("queries that differ in their vectors alone are searched for together, others by themselves", async () => {
  const table = tables[0] as SearchedTable;
  const { plain } = table.readers;
  const alike: number[] = [];
  const { seen, indexes } = watched(table, () => plain.version, {
    searchAlike: {
      value: (queries: AlikeQueries) => {
        alike.push(queries.length);
        return plain.searchAlike?.(queries);
      },
    },
  });
  const others = [
    { vector: vectorOf(1), k: 3 },
    { vector: vectorOf(2), distanceRange: { max: 1 } },
  ];
  await searchQueries(indexes, "docs", parsed({ queries: [...vectors(20), ...others] }), 10_000);
  expect(alike).toEqual([20]);
  expect(seen.searches).toBe(2);
});

test("where nothing is shared each is searched for by itself, some at a time", async () => {
  const { seen, indexes } = watched(tables[0] as SearchedTable, () => 1, {
    searchAlike: { value: async () => undefined },
  });
  await searchQueries(indexes, "docs", parsed({ queries: vectors(20) }), 10_000);
  expect(seen).toMatchObject({ searches: 20, most: 8 });
});

test("a key with a filter finds its own rows alone, however many queries it asks at once", async () => {
  for (const table of tables) {
    const forced: Filter = { op: "in", column: "doc_id", values: [1, 2, 3].map(idOf) };
    const reader = new NarrowedReader(table.readers.held, "doc_id", forced);
    const indexes = served(leaseOf(table, { reader, isNarrowed: true }));
    const { results } = await searchQueries(indexes, "docs", parsed({ queries: vectors(9) }), 10_000);
    const ids = results.flatMap((one) => ("hits" in one ? one.hits.map(({ doc_id }) => doc_id) : []));
    expect(new Set(ids)).toEqual(new Set([1, 2, 3].map(idOf)));
    expect(ids).toHaveLength(27);
  }
});

test("nothing is searched for where one of many does not fit the index, and it is named", async () => {
  const { seen, indexes } = watched(tables[0] as SearchedTable, () => 1);
  const queries = [...vectors(3), { vector: [1], select: ["nope"] }];
  const searching = searchQueries(indexes, "docs", parsed({ queries }), 10_000);
  await expect(searching).rejects.toMatchObject({
    issues: [{ path: "queries[3].vector" }, { path: "queries[3].select[0]" }],
  });
  expect(seen.searches).toBe(0);
});

test("a document that is not there is the result of its query alone", async () => {
  const queries = [{ docId: "nobody" }, ...vectors(1)];
  const indexes = served(leaseOf(tables[0] as SearchedTable));
  const { results } = await searchQueries(indexes, "docs", parsed({ queries }), 10_000);
  expect(results).toMatchObject([{ problem: { code: "document-not-found" } }, { hits: expect.any(Array) }]);
});

test("all are of one version: they are asked again where the index moved on meanwhile, some at a time", async () => {
  const moving = watched(tables[0] as SearchedTable, (searches) => (searches < 10 ? 1 : 2));
  const { results } = await searchQueries(moving.indexes, "docs", parsed({ queries: vectors(20) }), 10_000);
  expect(results.map((one) => ("performance" in one ? one.performance.version : 0))).toEqual(
    Array.from({ length: 20 }, () => 2),
  );
  expect(moving.seen.searches).toBe(40);
  expect(moving.seen.most).toBe(8);
  const restless = watched(tables[0] as SearchedTable, (searches) => searches);
  await expect(
    searchQueries(restless.indexes, "docs", parsed({ queries: vectors(2) }), 10_000),
  ).rejects.toMatchObject({ kind: "TooBusy" });
});

test("hits that have no room in one answer together are refused, and no more are searched for", async () => {
  const { seen, indexes } = watched(tables[0] as SearchedTable, () => 1);
  const queries = Array.from({ length: 60 }, () => ({ vector: vectorOf(1), k: 160 }));
  const select = (tables[0] as SearchedTable).published.columns.map(({ name }) => name);
  const searching = searchQueries(indexes, "docs", parsed({ queries, select }), 10_000);
  await expect(searching).rejects.toMatchObject({ kind: "AnswerTooLarge" });
  expect(seen.searches).toBeLessThan(60);
});

test.each([
  ["none", { queries: [] }, ["queries"]],
  ["more than 64", { queries: vectors(65) }, ["queries"]],
  ["what are none", { queries: [1, null] }, ["queries[0]", "queries[1]"]],
  ["a bad one", { queries: [...vectors(3), { vector: ["x"] }] }, ["queries[3].vector[0]"]],
  ["one without a vector", { queries: [{}] }, ["queries[0].vector"]],
  ["a bad field beside them, once", { queries: vectors(9), k: 0 }, ["k"]],
  ["a field there is not", { queries: vectors(2), topk: 1 }, ["topk"]],
  ["a vector beside them", { queries: vectors(1), vector: [1] }, ["vector"]],
  ["versions of their own", { queries: [{ vector: [1], minVersion: 1 }] }, ["queries[0].minVersion"]],
  ["too many hits in all", { queries: vectors(64), k: 200 }, ["queries"]],
  ["queries in queries", { queries: [{ queries: [] }] }, ["queries[0].queries", "queries[0].vector"]],
])("many queries are refused by name: %s", (_, body, paths) => {
  expect(dimension).toBe(8);
  let issues: { path: string }[] = [];
  try {
    parseSearchBody(body);
  } catch (error) {
    issues = (error as { issues: { path: string }[] }).issues;
  }
  expect(issues.map(({ path }) => path).sort()).toEqual(paths.sort());
});
