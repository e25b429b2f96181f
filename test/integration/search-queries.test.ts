import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { parseSearchBody, type QueriesRequest } from "../../lib/domain/search/queries-request.ts";
import type { Lease, Query, WarmIndexes } from "../../lib/domain/search/reader.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { searchQueries } from "../../lib/domain/search/search-queries.ts";
import type { Hit } from "../../lib/domain/search/search-request.ts";
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

/** A table whose searches are counted, and whose version is as a test says. */
function watched(table: SearchedTable, versionAfter: (searches: number) => number) {
  const seen = { searches: 0, under: 0, most: 0 };
  const { plain } = table.readers;
  const reader = Object.create(plain, {
    version: { get: () => versionAfter(seen.searches) },
    columns: { get: () => plain.columns },
    unindexedRows: { value: undefined },
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
