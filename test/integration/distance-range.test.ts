import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DistanceRange } from "../../lib/domain/search/distance-range.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import type { Lease, WarmIndexes } from "../../lib/domain/search/reader.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import {
  bruteForce,
  dimension,
  hasVector,
  idOf,
  rowOf,
  type SearchedTable,
  searchedTables,
} from "../support/searched-tables.ts";

let folder: string;
let tables: SearchedTable[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "range-"));
  tables = await searchedTables(folder);
});

afterAll(async () => {
  for (const table of tables ?? []) await table.close();
  await rm(folder, { recursive: true, force: true });
});

type From = keyof SearchedTable["readers"];

async function hitsOf({ published, readers }: SearchedTable, body: object, from: From = "plain") {
  const lease = {
    published,
    reader: readers[from],
    openMs: 0,
    viewAgeMs: 0,
    cold: false,
  } as unknown as Lease;
  const served: WarmIndexes = { use: (_index, _freshness, work) => work(lease) };
  const request = parseSearchRequest({ select: [], ...body });
  const { hits } = await searchIndex(served, "docs", request, 10_000);
  return hits.map(({ distance = Number.NaN, ...hit }) => ({ ...hit, distance }));
}

const coordinate = fc.integer({ min: -100, max: 100 }).map((one) => (one + 0.5) / 100);
const asked = fc.record({
  vector: fc.array(coordinate, { minLength: dimension, maxLength: dimension }),
  k: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(1_000)),
  ranks: fc.tuple(fc.nat(60), fc.nat(1_100)),
  ends: fc.constantFrom("min", "max", "both", "none"),
  how: fc.constantFrom({}, { exact: true }, { nprobes: 1 }, { nprobes: 1, refineFactor: 3 }),
  few: fc.boolean(),
  table: fc.nat(4),
  reader: fc.constantFrom<From>("plain", "held", "copied"),
});

/** Between two rows whose distances float32 tells apart. */
function edgeAt(distances: number[], rank: number): number | undefined {
  const [a, b] = [distances[rank - 1], distances[rank]];
  return a === undefined || b === undefined || b - a < 1e-5 ? undefined : (a + b) / 2;
}

test("a range of distances loses no row inside and returns none outside, by their vectors", async () => {
  const property = fc.asyncProperty(asked, async ({ vector, k, ranks, ends, how, few, ...of }) => {
    const table = tables[of.table] as SearchedTable;
    const holds = (row: number) => !few || row % 5 === 0;
    const rows = bruteForce(table.published.metric, vector, holds);
    const distances = rows.map(({ distance }) => distance);
    const [from, to] = [Math.min(...ranks), Math.max(...ranks)];
    const min = ends === "max" ? undefined : edgeAt(distances, ends === "none" ? rows.length : from);
    const max = ends === "min" ? undefined : edgeAt(distances, to);
    const range: DistanceRange = {
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
    };
    fc.pre((min ?? max) !== undefined && (min === undefined || max === undefined || min < max));
    const filter = { op: "in", column: "doc_id", values: rows.map(({ row }) => idOf(row)).slice(0, 256) };
    const isFiltered = few && rows.length <= 256;
    fc.pre(!few || isFiltered);
    const body = { vector, k, distanceRange: range, ...how, ...(isFiltered ? { filter } : {}) };
    const hits = await hitsOf(table, body, of.reader);
    const inside = rows.filter(({ distance }) => distance >= (min ?? -9) && distance < (max ?? 9e9));
    const known = new Map(inside.map(({ row, distance }) => [row, distance]));
    expect(hits).toHaveLength(Math.min(k, inside.length));
    for (const { doc_id, distance } of hits)
      expect(distance).toBeCloseTo(known.get(rowOf(doc_id)) ?? Number.NaN, 4);
    if ("exact" in how || table.type === "EXACT")
      for (const [i, { distance }] of hits.entries())
        expect(distance).toBeCloseTo(inside[i]?.distance ?? 0, 4);
    expect(hits.map(({ distance }) => distance)).toEqual(
      hits.map(({ distance }) => distance).sort((a, b) => a - b),
    );
  });
  await fc.assert(property, { numRuns: 250, endOnFailure: true });
}, 60_000);

test("a range begins with its min and ends before its max, as answers show distances", async () => {
  const vector = Array.from({ length: dimension }, (_, i) => (i % 3) / 7 + 0.01);
  for (const table of tables)
    for (const how of [{}, { exact: true }]) {
      const all = await hitsOf(table, { vector, k: 300, exact: true });
      const distances = [...new Set(all.map(({ distance }) => distance))];
      const [min, max] = [distances[3] as number, distances[40] as number];
      const hits = await hitsOf(table, { vector, k: 300, distanceRange: { min, max }, ...how });
      const inside = all.filter(({ distance }) => distance >= min && distance < max);
      // the same rows compared by LanceDB in another order of sums may differ in the last bit
      const sure = inside.filter(({ distance }) => distance > min * 1.000001 && distance < max * 0.999999);
      expect(hits.map(({ doc_id }) => doc_id)).toEqual(
        expect.arrayContaining(sure.map(({ doc_id }) => doc_id)),
      );
      for (const { distance } of hits) expect(distance >= min && distance < max).toBe(true);
      if ("exact" in how)
        expect(hits.map(({ doc_id }) => doc_id).sort()).toEqual(inside.map(({ doc_id }) => doc_id).sort());
    }
});

test("a min that is further than any candidate's is found by comparing every row", async () => {
  expect(hasVector(0)).toBe(true);
  const vector = Array.from({ length: dimension }, () => 0.25);
  for (const table of tables) {
    const furthest = bruteForce(table.published.metric, vector, () => true).slice(-5);
    const min = ((furthest[0]?.distance ?? 0) + (furthest[1]?.distance ?? 0)) / 2;
    const hits = await hitsOf(table, { vector, k: 10, distanceRange: { min } });
    expect(hits.map(({ doc_id }) => rowOf(doc_id)).sort()).toEqual(
      furthest
        .slice(1)
        .map(({ row }) => row)
        .sort(),
    );
  }
});
