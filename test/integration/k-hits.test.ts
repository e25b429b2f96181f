import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NarrowedReader } from "../../lib/domain/access/narrowed-reader.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import type { Lease, Reader, WarmIndexes } from "../../lib/domain/search/reader.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import type { Filter } from "../../lib/domain/values/filter.ts";
import { judged } from "../support/filter-oracle.ts";
import { rowCount } from "../support/filter-rows.ts";
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
  folder = await mkdtemp(join(tmpdir(), "k-hits-"));
  tables = await searchedTables(folder);
}, 60_000);

afterAll(async () => {
  for (const table of tables ?? []) await table.close();
  await rm(folder, { recursive: true, force: true });
});

/** A filter, and which rows it takes. */
interface Narrow {
  filter?: Filter;
  holds(row: number): unknown;
}

const row = fc.nat(rowsInAll - 1);
const everything: Narrow = { holds: () => true };
/** A filter may name 256 values. */
const someRows = (min: number, max: number) =>
  fc.uniqueArray(row, { minLength: Math.min(min, 200), maxLength: Math.min(max, 200) }).map(
    (rows): Narrow => ({
      filter: { op: "in", column: "doc_id", values: [...rows.map(idOf), "none"] },
      holds: (one) => rows.includes(one),
    }),
  );
const generated = judged.map(
  ({ filter, holds }): Narrow => ({ filter, holds: (one) => holds(one % rowCount) }),
);
const both = ([a, b]: Narrow[]): Narrow => ({
  filter: { op: "and", filters: [a?.filter, b?.filter].filter((one) => one !== undefined) },
  holds: (one) => a?.holds(one) === true && b?.holds(one) === true,
});
/** As many as are asked for, one fewer, one more, few, none, and whatever filters take. */
const narrowAt = (k: number) =>
  fc.oneof(
    fc.constant(everything),
    generated,
    someRows(0, 3),
    someRows(Math.max(0, k - 1), k + 1),
    fc.tuple(generated, someRows(0, 2 * k + 40)).map(both),
  );

const k = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(100, 500, 1_000));
const coordinate = fc.integer({ min: -100, max: 100 }).map((one) => (one + 0.5) / 100);
const width = fc.record(
  { nprobes: fc.integer({ min: 1, max: 8 }), refineFactor: fc.integer({ min: 1, max: 5 }) },
  { requiredKeys: [] },
);
const how = fc.oneof(
  { weight: 3, arbitrary: width },
  { weight: 1, arbitrary: fc.constant({ exact: true }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 50 }).map((ef) => ({ ef })) },
);
const by = fc.oneof(
  fc.array(coordinate, { minLength: dimension, maxLength: dimension }).map((vector) => ({ vector })),
  fc.record(
    { docId: row.filter((one) => hasVector(one) && !isDeleted(one)).map(idOf), includeSelf: fc.boolean() },
    { requiredKeys: ["docId"] },
  ),
);
const asked = k.chain((most) =>
  fc.record({
    k: fc.constant(most),
    narrow: narrowAt(most),
    forced: fc.option(generated, { nil: undefined, freq: 4 }),
    by,
    how,
    table: fc.nat(4),
    reader: fc.constantFrom("plain", "held", "copied"),
  }),
);

function leaseOf(
  { published, readers }: SearchedTable,
  which: keyof SearchedTable["readers"],
  forced?: Filter,
): Lease {
  const own: Reader = readers[which];
  const reader = forced ? new NarrowedReader(own, "doc_id", forced) : own;
  return {
    published,
    reader,
    openMs: 0,
    viewAgeMs: 0,
    cold: false,
    isNarrowed: forced !== undefined,
  } as Lease;
}

const served = (lease: Lease): WarmIndexes => ({ use: (_index, _freshness, work) => work(lease) });

test("a search finds k hits, or all that match, however narrow its filter", async () => {
  const seen = new Map<string, number>();
  const property = fc.asyncProperty(asked, async ({ k, narrow, forced, by, how, ...of }) => {
    const table = tables[of.table] as SearchedTable;
    const { ef: _, ...others } = how as { ef?: number };
    const body = {
      ...{ ...by, k, select: [], ...(table.type === "HNSW_SQ" ? how : others) },
      ...(narrow.filter ? { filter: narrow.filter } : {}),
    };
    const own = "docId" in by ? rowOf(by.docId) : undefined;
    fc.pre(own === undefined || !forced || forced.holds(own) === true);
    const query = "vector" in by ? by.vector : vectorOf(rowOf(by.docId));
    const isSelfOut = "docId" in by && by.includeSelf !== true;
    const matching = bruteForce(table.published.metric, query, (one) =>
      Boolean(
        narrow.holds(one) === true && (!forced || forced.holds(one) === true) && !(isSelfOut && one === own),
      ),
    );
    const lease = leaseOf(table, of.reader, forced?.filter);
    const { hits } = await searchIndex(served(lease), "docs", parseSearchRequest(body), 10_000);
    const found = hits.map(({ doc_id }) => rowOf(doc_id));
    const all = new Set(matching.map((one) => one.row));
    expect(found.filter((one) => !all.has(one))).toEqual([]);
    expect(new Set(found).size).toBe(Math.min(k, matching.length));
    expect(found).toHaveLength(Math.min(k, matching.length));
    if ("exact" in how || table.type === "EXACT")
      for (const [i, { distance }] of hits.entries())
        expect(distance).toBeCloseTo(matching[i]?.distance ?? 0, 4);
    const size = ["none", "fewer", "k"][matching.length === 0 ? 0 : matching.length < k ? 1 : 2];
    seen.set(`${table.type} ${size}`, (seen.get(`${table.type} ${size}`) ?? 0) + 1);
  });
  await fc.assert(property, { numRuns: 400, endOnFailure: true });
  for (const { type } of tables)
    for (const size of ["none", "fewer", "k"])
      expect(seen.get(`${type} ${size}`) ?? 0, `${type} ${size}`).toBeGreaterThan(0);
}, 60_000);
