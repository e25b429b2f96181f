import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect } from "@lancedb/lancedb";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import { jsonRows } from "../../lib/adapters/lance/rows/json-values.ts";
import { limits } from "../../lib/config/limits.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import type { FacetRequest } from "../../lib/domain/search/facets.ts";
import { cursorOf } from "../../lib/domain/search/list-cursor.ts";
import type { OrderBy } from "../../lib/domain/search/ordering.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { queryDocuments } from "../../lib/domain/search/query-documents.ts";
import { parseQueryRequest, queryResponse } from "../../lib/domain/search/query-request.ts";
import type { WarmIndexes } from "../../lib/domain/search/reader.ts";
import { searchCursorOf } from "../../lib/domain/search/search-cursor.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { searchResponse } from "../../lib/domain/search/search-response.ts";
import { judged } from "../support/filter-oracle.ts";
import { columnValues, listValues, oddNames } from "../support/filter-rows.ts";
import { copies, copyOfRows, ids, idsInOrder, rowOf } from "../support/ordered-rows.ts";

let folder: string;
let connection: Connection;
let reader: LanceReader;
let indexes: WarmIndexes;
/** Every row as documents have it, by its id. */
let rows: Map<string, Record<string, unknown>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "query-"));
  connection = await connect(folder);
  const table = await connection.createTable("g1", copyOfRows(0));
  for (let copy = 1; copy < copies; copy++) await table.add(copyOfRows(copy));
  const names = [...Object.keys(columnValues), ...Object.keys(listValues), ...oddNames, "doc_id"];
  const read = jsonRows(await table.query().select(names).toArrow(), names);
  rows = new Map(read.map((row) => [String(row["doc_id"]), row]));
  const published = { idColumn: "doc_id", vectorColumn: "vector", dimension: 2, metric: "l2" };
  const searched = {
    ...{ indexType: "EXACT", rows: ids.length, searchDefaults: {}, recall: {}, indexParameters: {} },
  };
  const openAt = async (version: number) => {
    const other = await connection.openTable("g1");
    await other.checkout(version);
    return other;
  };
  const columns = columnsOf(await table.schema());
  const of = { ...published, ...searched, generation: "g1", columns } as unknown as Publication;
  reader = await LanceReader.over(table, of, undefined, undefined, openAt);
  const lease = { entry: {} as never, published: of, reader };
  indexes = { use: (_, __, work) => work({ ...lease, cold: false, openMs: 0, viewAgeMs: 0 }) };
});

afterAll(async () => {
  reader.close();
  connection.close();
  await rm(folder, { recursive: true, force: true });
});

const query = async (body: object) =>
  queryResponse.parse(await queryDocuments(indexes, "docs", parseQueryRequest(body), 20_000));

const idOf = ({ doc_id }: { doc_id: string }) => doc_id;

const orderable = [...Object.keys(columnValues), ...oddNames, "doc_id"];
const orderBy = fc
  .uniqueArray(
    fc.record({
      column: fc.constantFrom(...orderable),
      direction: fc.constantFrom("asc", "desc"),
      nulls: fc.constantFrom("first", "last"),
    }),
    { minLength: 1, maxLength: limits.maxOrderColumns, selector: ({ column }) => column },
  )
  .map((order) => order as OrderBy);
const someFilter = fc.option(judged, { nil: undefined });

/** All pages, one after the other, as cursors lead. */
async function pagesOf(body: object, sizes: number[]): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; cursor !== null; page++) {
    const limit = sizes[page % sizes.length];
    const answer = await query({ ...body, limit, select: [], ...(cursor ? { cursor } : {}) });
    found.push(...answer.documents.map(idOf));
    cursor = answer.next;
  }
  return found;
}

test("each document that a filter leaves comes once, in the order asked for, whatever the pages", async () => {
  const sizes = fc.array(fc.integer({ min: 5, max: 60 }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(orderBy, someFilter, sizes, async (order, one, limitsOfPages) => {
      const filter = one?.filter;
      const left = ids.filter((id) => one === undefined || one.holds(rowOf(id)) === true);
      expect(await pagesOf({ orderBy: order, filter }, limitsOfPages)).toEqual(idsInOrder(left, order));
    }),
    { numRuns: 150 },
  );
});

test("every kind of column alone orders all documents, in either direction, nulls at either end", async () => {
  for (const column of orderable)
    for (const direction of ["asc", "desc"] as const)
      for (const nulls of ["first", "last"] as const) {
        const order = [{ column, direction, nulls }];
        const { documents } = await query({ orderBy: order, limit: 1_000, select: [] });
        expect(documents.map(idOf), `${column} ${direction} ${nulls}`).toEqual(idsInOrder(ids, order));
      }
});

test("a page has the selected columns of its documents, also where these are not ordered by", async () => {
  const order: OrderBy = [{ column: "uint64", direction: "desc", nulls: "first" }];
  const select = ["int64", "texts", "vector"];
  const { documents, next } = await query({ orderBy: order, offset: 7, limit: 20, select });
  expect(next).not.toBeNull();
  const expected = idsInOrder(ids, order).slice(7, 27);
  expect(documents).toEqual(
    expected.map((id) => {
      const { int64, texts } = rows.get(id) ?? {};
      return { doc_id: id, int64, texts, vector: [1, rowOf(id)] };
    }),
  );
});

test("without an order documents come as they are stored, from the offset on", async () => {
  expect(await pagesOf({}, [25, 7])).toEqual(ids);
  const { documents } = await query({ offset: 80, limit: 5, select: [] });
  expect(documents.map(idOf)).toEqual(ids.slice(80, 85));
  expect((await query({ offset: limits.maxQueryOffset })).documents).toEqual([]);
});

const facetable = [...Object.keys(columnValues), ...Object.keys(listValues), ...oddNames];
const facets = fc.uniqueArray(
  fc.record({ column: fc.constantFrom(...facetable), limit: fc.integer({ min: 1, max: 12 }) }),
  { minLength: 1, maxLength: limits.maxFacets, selector: ({ column }) => column },
);

/** The same by counting what every row holds; where as many rows have two of them, their order is not looked at. */
function countsOf(left: string[], column: string): { counts: Map<unknown, number>; nulls: number } {
  const counts = new Map<unknown, number>();
  let nulls = 0;
  for (const id of left) {
    const value = JSON.parse(JSON.stringify(rows.get(id)?.[column] ?? null));
    if (value === null) nulls++;
    const items = new Set((Array.isArray(value) ? value : [value]).filter((item) => item !== null));
    for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  }
  return { counts, nulls };
}

test("facets and counts are those of all rows that a filter leaves, whatever page is asked for", async () => {
  await fc.assert(
    fc.asyncProperty(facets, someFilter, fc.nat(3), async (asked: FacetRequest[], one, limit) => {
      const left = ids.filter((id) => one === undefined || one.holds(rowOf(id)) === true);
      const answer = await query({ filter: one?.filter, limit, count: true, facets: asked, select: [] });
      expect(answer.count).toBe(left.length);
      expect(answer.documents.map(idOf)).toEqual(left.slice(0, limit));
      expect(answer.facets?.map(({ column }) => column)).toEqual(asked.map(({ column }) => column));
      for (const [i, { column, limit: most }] of asked.entries()) {
        const { counts, nulls } = countsOf(left, column);
        const facet = answer.facets?.[i];
        const values = facet?.values ?? [];
        expect(values).toHaveLength(Math.min(most, counts.size));
        for (const { value, count } of values)
          expect([column, value, count]).toEqual([column, value, counts.get(value)]);
        const highest = [...counts.values()].sort((a, b) => b - a).slice(0, most);
        expect(values.map(({ count }) => count)).toEqual(highest);
        expect(facet).toMatchObject({ nulls, moreValues: counts.size - values.length, isApproximate: false });
      }
      expect((await query({ filter: one?.filter, limit: 0, count: true })).count).toBe(left.length);
    }),
    { numRuns: 150 },
  );
});

test("values that as many rows have come in the order in which their column orders documents", async () => {
  for (const column of Object.keys(columnValues)) {
    const [facet] = (await query({ limit: 0, facets: [{ column, limit: 100 }] })).facets ?? [];
    const order: OrderBy = [{ column, direction: "asc", nulls: "last" }];
    const inOrder = idsInOrder(ids, order).map((id) => JSON.stringify(rows.get(id)?.[column] ?? null));
    const places = (facet?.values ?? []).map(({ value, count }) => ({
      count,
      place: inOrder.lastIndexOf(JSON.stringify(value)),
    }));
    const sorted = places.toSorted((a, b) => b.count - a.count || a.place - b.place);
    expect(places, column).toEqual(sorted);
  }
});

const search = async (body: object) => {
  const request = parseSearchRequest({ vector: [1, 7.4], ...body });
  return searchResponse.parse(await searchIndex(indexes, "docs", request, 20_000));
};

describe("hits in pages", () => {
  const distanceOf = (id: string) => (rowOf(id) - Math.fround(7.4)) ** 2;

  test("are by cursors all that a filter leaves, each once and the nearest first, however many are as far", async () => {
    const sizes = fc.array(fc.integer({ min: 3, max: 60 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(someFilter, sizes, fc.nat(20), async (one, ks, offset) => {
        const left = ids.filter((id) => one === undefined || one.holds(rowOf(id)) === true);
        const found: string[] = [];
        let cursor: string | null | undefined;
        for (let page = 0; cursor !== null; page++) {
          const where = cursor === undefined ? { offset } : { cursor };
          const k = ks[page % ks.length];
          const answer = await search({ filter: one?.filter, k, select: ["text"], count: true, ...where });
          expect(answer.count).toBe(left.length);
          for (const { doc_id, text } of answer.hits) expect(text).toBe(rows.get(doc_id)?.["text"]);
          found.push(...answer.hits.map(idOf));
          cursor = answer.next;
        }
        expect(new Set(found).size).toBe(found.length);
        const distances = left.map(distanceOf).sort((a, b) => a - b);
        expect(found.map(distanceOf)).toEqual(distances.slice(offset));
      }),
      { numRuns: 60 },
    );
  });

  test("leave out the document that is asked about, on every page", async () => {
    const asked = { vector: undefined, docId: "40", k: 10, select: [] };
    const first = await search({ ...asked, offset: 0 });
    const rest = await search({ ...asked, k: 500, cursor: first.next });
    const all = [...first.hits, ...rest.hits].map(idOf);
    expect(rest.next).toBeNull();
    expect(all.toSorted()).toEqual(ids.filter((id) => id !== "40").toSorted());
  });

  test("come without a cursor where no page was asked for, and with facets of all rows", async () => {
    const filter = { op: "exists", column: "flag" };
    const answer = await search({ filter, k: 1, facets: [{ column: "flag" }], select: [] });
    expect(answer).not.toHaveProperty("next");
    expect(answer).not.toHaveProperty("count");
    const counted = (await query({ filter, limit: 0, facets: [{ column: "flag" }] })).facets;
    expect(answer.facets).toEqual(counted);
  });

  test.each<[string, object, string]>([
    ["an offset that is too deep with k", { offset: 9_995, k: 10 }, "offset"],
    ["an offset beside a cursor", { offset: 1, cursor: "x" }, "offset"],
    ["what is no cursor", { cursor: "AAAA" }, "cursor"],
    ["too many candidates, so deep", { offset: 9_000, refineFactor: 200 }, "refineFactor"],
    ["facets of vectors", { facets: [{ column: "vector" }] }, "facets[0].column"],
  ])("are refused for %s", async (_, body, path) => {
    await expect(search(body)).rejects.toMatchObject({ issues: [{ path }] });
  });

  test("are refused by a cursor of another search, and of this one with other columns are not", async () => {
    const { next: cursor } = await search({ offset: 0, k: 3 });
    for (const other of [{ vector: [2, 2] }, { filter: { op: "exists", column: "text" } }, { exact: true }])
      await expect(search({ ...other, cursor })).rejects.toMatchObject({ issues: [{ path: "cursor" }] });
    expect((await search({ cursor, k: 5, select: ["vector"] })).hits).toHaveLength(5);
    const deep = await searchCursorOf(
      [...Array(9_995).keys()],
      "docs",
      parseSearchRequest({ vector: [1, 7.4] }),
    );
    await expect(search({ cursor: deep, k: 10 })).rejects.toMatchObject({ issues: [{ path: "k" }] });
  });
});

describe("while others write", () => {
  test("pages and counts go on in the version that the first page was of", async () => {
    const order: OrderBy = [{ column: "text", direction: "asc", nulls: "last" }];
    const first = await query({ orderBy: order, limit: 30, select: [], count: true });
    const other = await connection.openTable("g1");
    await other.delete("doc_id = '3' OR int8 = 1");
    other.close();
    await reader.refresh();
    const rest = await query({
      ...{ orderBy: order, limit: 1_000, select: [], count: true, cursor: first.next },
      facets: [{ column: "flag" }],
    });
    expect([...first.documents, ...rest.documents].map(idOf)).toEqual(idsInOrder(ids, order));
    expect([first.count, rest.count]).toEqual([ids.length, ids.length]);
    expect(rest.facets?.[0]?.values.reduce((sum, { count }) => sum + count, 0)).toBe(
      ids.filter((id) => rows.get(id)?.["flag"] !== null).length,
    );
    const { count, performance } = await query({ limit: 0, count: true });
    expect(count).toBeLessThan(ids.length);
    expect(performance.version).toBeGreaterThan(rest.performance.version);
  });

  test("no hit of a page before comes again, at whatever version the next page is", async () => {
    const first = await search({ offset: 0, k: 30, select: [], count: true });
    const other = await connection.openTable("g1");
    await other.update({ where: "doc_id IN ('5', '6', '7')", values: { text: "written" } });
    await other.delete("doc_id = '50'");
    other.close();
    await reader.refresh();
    const rest = await search({ k: 1_000, select: ["text"], cursor: first.next, count: true });
    const all = [...first.hits, ...rest.hits].map(idOf);
    expect(new Set(all).size).toBe(all.length);
    expect(rest.next).toBeNull();
    expect(rest.count).toBe((first.count ?? 0) - 1);
    expect(rest.performance.version).toBeGreaterThan(first.performance.version);
  });

  test("a cursor of a version or generation that is gone says so", async () => {
    for (const place of [
      { generation: "g1", version: 1_000, offset: 1 },
      { generation: "g0", version: 1, offset: 1 },
    ]) {
      const cursor = await cursorOf(place, "docs");
      await expect(query({ cursor })).rejects.toMatchObject({ kind: "CursorExpired" });
    }
  });
});

describe("is refused by its field:", () => {
  const order = [{ column: "text" }];
  test.each<[string, object, string[]]>([
    ["an order by a list", { orderBy: [{ column: "texts" }] }, ["orderBy[0].column"]],
    ["an order by the vector", { orderBy: [{ column: "vector" }] }, ["orderBy[0].column"]],
    ["an order by no column", { orderBy: [{ column: "nope" }] }, ["orderBy[0].column"]],
    ["an order by one twice", { orderBy: [...order, ...order] }, ["orderBy[1].column"]],
    ["facets of one twice", { facets: [...order, ...order] }, ["facets[1].column"]],
    ["facets of vectors", { facets: [{ column: "vector" }] }, ["facets[0].column"]],
    ["five facets", { facets: Array(5).fill(order[0]) }, ["facets"]],
    ["five columns", { orderBy: Array(5).fill(order[0]) }, ["orderBy"]],
    ["a far offset", { offset: limits.maxQueryOffset + 1 }, ["offset"]],
    ["a long page", { limit: limits.maxListedDocuments + 1 }, ["limit"]],
    ["an offset beside a cursor", { offset: 1, cursor: "x" }, ["offset"]],
    ["what no column is selected by", { select: ["nope"] }, ["select[0]"]],
  ])("%s", async (_, body, paths) => {
    const refused = await query(body).catch((error) => error);
    expect(refused.issues?.map(({ path }: { path: string }) => path)).toEqual(paths);
  });

  test("a cursor of another order or filter", async () => {
    const { next: cursor } = await query({ orderBy: order, limit: 1 });
    const filter = { op: "exists", column: "text" };
    for (const other of [{}, { orderBy: [{ column: "int8" }] }, { orderBy: order, filter }])
      await expect(query({ ...other, cursor })).rejects.toMatchObject({ issues: [{ path: "cursor" }] });
    expect((await query({ orderBy: order, cursor })).documents.length).toBeGreaterThan(1);
  });

  test("a cursor that is too deep in an order, and says how to go on", async () => {
    const place = { generation: "g1", version: reader.version, offset: limits.maxOrderedDepth + 1 };
    const parsed = parseQueryRequest({ orderBy: order });
    const cursor = await cursorOf(place, "docs", undefined, parsed.orderBy);
    const refused = await query({ orderBy: order, cursor }).catch((error) => error);
    expect(refused.issues).toMatchObject([{ path: "cursor", message: expect.stringContaining("filter") }]);
  });
});
