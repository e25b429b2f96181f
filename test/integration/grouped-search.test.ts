import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, Index } from "@lancedb/lancedb";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import { NarrowedReader } from "../../lib/domain/access/narrowed-reader.ts";
import { noProviders } from "../../lib/domain/embedding/providers.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import { groupedResponse, type HitGroup } from "../../lib/domain/search/grouped-response.ts";
import { groupedSearch } from "../../lib/domain/search/grouped-search.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import type { GroupedRequest } from "../../lib/domain/search/ranked-legs.ts";
import type { Lease, WarmIndexes } from "../../lib/domain/search/reader.ts";
import type { Filter } from "../../lib/domain/values/filter.ts";
import { copiedPublication } from "../support/copied-reader.ts";
import { type Judged, judged } from "../support/filter-oracle.ts";
import { type ColumnName, rowCount, valueAt } from "../support/filter-rows.ts";
import {
  bruteForce,
  dimension,
  hasVector,
  idOf,
  isDeleted,
  rowOf,
  rowsInAll,
  type SearchedTable,
  searchedTables,
  vectorOf,
} from "../support/searched-tables.ts";

let folder: string;
let tables: SearchedTable[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "groups-"));
  tables = await searchedTables(folder);
}, 60_000);

afterAll(async () => {
  for (const table of tables ?? []) await table.close();
  await rm(folder, { recursive: true, force: true });
});

const served = (lease: Lease): WarmIndexes => ({ use: (_index, _freshness, work) => work(lease) });
const leaseOf = (more: Partial<Lease>) => ({ openMs: 0, viewAgeMs: 0, cold: false, ...more }) as Lease;

async function grouped(lease: Lease, body: object) {
  const request = parseSearchRequest(body) as GroupedRequest;
  return groupedResponse.parse(
    await groupedSearch(served(lease), "docs", request, 20_000, undefined, noProviders),
  );
}

const columns = [
  "text",
  "int8",
  "int64",
  "uint64",
  "flag",
  "millisecond",
  "nanosecond",
  "zoned",
  "day",
] as const;
/** Of a row, so that rows of one group have the same. */
function keyOf(column: ColumnName, row: number): string {
  const value = valueAt(column, row % rowCount);
  return `${typeof value} ${value}`;
}
const isMatching = (one: Judged | undefined, row: number) => !one || one.holds(row % rowCount) === true;
/** Of a filter that goes by the rows' ids. */
const fewRows = fc.uniqueArray(fc.nat(rowsInAll - 1), { minLength: 1, maxLength: 200 });

interface Expected {
  rows: Set<number>;
  distances: number[];
}

/** The rows of each group, those with the nearest first. */
function expectedGroups(column: ColumnName, near: { row: number; distance: number }[]): Expected[] {
  const groups = new Map<string, Expected>();
  for (const { row, distance } of near) {
    const group = groups.get(keyOf(column, row)) ?? { rows: new Set(), distances: [] };
    group.rows.add(row);
    group.distances.push(distance);
    groups.set(keyOf(column, row), group);
  }
  return [...groups.values()];
}

const coordinate = fc.integer({ min: -100, max: 100 }).map((one) => (one + 0.5) / 100);
const by = fc.oneof(
  fc.array(coordinate, { minLength: dimension, maxLength: dimension }).map((vector) => ({ vector })),
  fc
    .nat(rowsInAll - 1)
    .filter((one) => hasVector(one) && !isDeleted(one))
    .map((one) => ({ docId: idOf(one) })),
);
const asked = fc.record({
  by,
  column: fc.constantFrom<ColumnName>(...columns),
  limit: fc.integer({ min: 1, max: 12 }),
  size: fc.integer({ min: 1, max: 10 }),
  narrow: fc.option(judged, { nil: undefined }),
  few: fc.option(fewRows, { nil: undefined }),
  forced: fc.option(judged, { nil: undefined, freq: 4 }),
  how: fc.constantFrom<object>({}, {}, { exact: true }, { nprobes: 1 }, { refineFactor: 3 }),
  table: fc.nat(4),
  which: fc.constantFrom("plain", "held", "copied"),
});

test("each of the groups has as many hits as are asked for, or all that match, and there are as many groups", async () => {
  let [partial, several] = [0, 0];
  const property = fc.asyncProperty(asked, async ({ by, column, narrow, few, forced, how, ...of }) => {
    const { type, published, readers } = tables[of.table] as SearchedTable;
    const own = "docId" in by ? rowOf(by.docId) : undefined;
    fc.pre(own === undefined || isMatching(forced, own));
    const plain = readers[of.which as "plain"];
    const reader = forced ? new NarrowedReader(plain, "doc_id", forced.filter) : plain;
    const { limit, size } = of;
    const byId = few && { op: "in", column: "doc_id", values: few.map(idOf) };
    const filters = [narrow?.filter, byId].filter((one) => one !== undefined);
    const body = {
      ...{ ...by, ...how, select: [column], groupBy: { column, limit, size } },
      ...(filters.length > 0 ? { filter: { op: "and", filters } } : {}),
    };
    const lease = leaseOf({ published, reader, isNarrowed: forced !== undefined });
    const { groups, performance } = await grouped(lease, body);
    const query = "vector" in by ? by.vector : vectorOf(rowOf(by.docId));
    const near = bruteForce(
      published.metric,
      query,
      (row) =>
        row !== own && (few?.includes(row) ?? true) && isMatching(narrow, row) && isMatching(forced, row),
    );
    const all = expectedGroups(column, near);
    expect(groups).toHaveLength(Math.min(limit, all.length));
    for (const { value, hits } of groups) {
      const rows = hits.map(({ doc_id }) => rowOf(doc_id));
      const group = all.find((one) => one.rows.has(rows[0] as number)) as Expected;
      expect(new Set(rows).size).toBe(Math.min(size, group.rows.size));
      expect(hits).toHaveLength(Math.min(size, group.rows.size));
      expect(rows.filter((row) => !group.rows.has(row))).toEqual([]);
      for (const one of hits) expect(one[column]).toEqual(value);
      if (size > group.rows.size) partial++;
    }
    expect(new Set(groups.map(({ value }) => value)).size).toBe(groups.length);
    const distances = groups.map(({ hits }) => hits.map(({ distance }) => distance as number));
    const firsts = distances.map(([first]) => first as number);
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
    if ("exact" in how || type === "EXACT")
      for (const [i, group] of distances.entries())
        for (const [j, distance] of group.entries()) {
          if (j === 0) expect(distance).toBeCloseTo(all[i]?.distances[0] ?? 0, 4);
          const own = all.find(({ rows }) => rows.has(rowOf(groups[i]?.hits[0]?.doc_id ?? "")));
          expect(distance).toBeCloseTo(own?.distances[j] ?? 0, 4);
        }
    if (performance.searches > 1) several++;
  });
  await fc.assert(property, { numRuns: 200, endOnFailure: true });
  expect(partial).toBeGreaterThan(0);
  expect(several).toBeGreaterThan(0);
}, 90_000);

/** Rows on a line, by how far they are, with what they are grouped by. */
async function onALine(name: string, groups: (string | null)[]) {
  const connection = await connect(join(folder, name));
  const rows = groups.map((of, i) => ({ doc_id: `d${i}`, of, vector: [1 + i, 0.5, 0.25, (i % 7) / 10] }));
  const table = await connection.createTable("g1", rows);
  await table.createIndex("vector", { config: Index.ivfPq({ numPartitions: 8, numSubVectors: 2 }) });
  const published = {
    ...copiedPublication(4, rows.length),
    ...{
      indexType: "IVF_PQ",
      indexParameters: { numPartitions: 8 },
      columns: columnsOf(await table.schema()),
    },
    searchDefaults: { nprobes: 2, refineFactor: 4 },
  } as unknown as Publication;
  const reader = await LanceReader.over(table, published);
  const close = () => {
    reader.close();
    table.close();
    connection.close();
  };
  return { lease: leaseOf({ published, reader }), close };
}

const seen = (groups: HitGroup[]) =>
  groups.map(({ value, hits }) => [value, ...hits.map(({ doc_id }) => doc_id)]);

test("a group that has 99 of 100 of the nearest rows keeps no other from being found", async () => {
  const skewed = Array.from({ length: 6_000 }, (_, i) =>
    i < 5_940 ? "big" : i % 10 === 0 ? null : `small${i % 10}`,
  );
  const { lease, close } = await onALine("skewed", skewed);
  const asked = { vector: [0, 0.5, 0.25, 0], select: [], exact: true };
  const { groups, performance } = await grouped(lease, {
    ...asked,
    groupBy: { column: "of", limit: 100, size: 3 },
  });
  expect(seen(groups)).toEqual([
    ["big", "d0", "d1", "d2"],
    [null, "d5940", "d5950", "d5960"],
    ...Array.from({ length: 9 }, (_, i) => [
      `small${i + 1}`,
      ...[0, 1, 2].map((j) => `d${5_940 + i + 1 + 10 * j}`),
    ]),
  ]);
  expect(performance.searches).toBeLessThan(5);
  const { exact: _, ...byIndex } = asked;
  const roughly = await grouped(lease, { ...byIndex, groupBy: { column: "of", limit: 11, size: 6 } });
  expect(seen(roughly.groups).map(([value, ...ids]) => [value, ids.length])).toEqual(
    expect.arrayContaining([
      ["big", 6],
      [null, 6],
      ["small1", 6],
      ["small9", 6],
    ]),
  );
  const others: Filter = { op: "ne", column: "of", value: "big" };
  const some = await grouped(lease, { ...asked, filter: others, groupBy: { column: "of", limit: 2 } });
  expect(seen(some.groups)).toEqual([
    ["small1", "d5941", "d5951", "d5961"],
    ["small2", "d5942", "d5952", "d5962"],
  ]);
  close();
});

test("a hundred groups that lie one behind the other come in that order, after a few searches", async () => {
  const { lease, close } = await onALine(
    "clusters",
    Array.from({ length: 10_000 }, (_, i) => `c${Math.floor(i / 100)}`),
  );
  const { groups, performance } = await grouped(lease, {
    ...{ vector: [0, 0.5, 0.25, 0], select: [], exact: true },
    groupBy: { column: "of", limit: 100, size: 2 },
  });
  expect(seen(groups)).toEqual(
    Array.from({ length: 100 }, (_, i) => [`c${i}`, `d${100 * i}`, `d${100 * i + 1}`]),
  );
  expect(performance.searches).toBeLessThan(6);
  close();
});
