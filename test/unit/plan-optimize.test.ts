import { expect, test } from "vitest";
import type { VectorIndexState } from "../../lib/domain/index/generations.ts";
import {
  type AskedIndex,
  type Publication,
  publication,
  type ServedIndexType,
} from "../../lib/domain/index/index-entry.ts";
import { askedOf, keptIndex, planUpkeep, withReason } from "../../lib/domain/plan/plan-optimize.ts";

const [rows, unindexedRows] = [100_000, 10];

/** What becomes of an index with so many partitions planned, and what the reason says. */
function upkeep(indexType: ServedIndexType, numPartitions: number, built: Partial<VectorIndexState> | null) {
  const whole = built && { unindexedRows, parts: 1, partitions: numPartitions, ...built };
  return planUpkeep({ indexType, indexParameters: { numPartitions } }, rows, whole);
}

test.each<[ServedIndexType, number, Partial<VectorIndexState> | null, string, RegExp]>([
  ["IVF_PQ", 49, { unindexedRows: 0 }, "keep", /^all 100000 rows were indexed$/],
  ["IVF_RQ", 316, {}, "rebuild", /^10 of 100000 rows .* joins partitions of 316 rows$/],
  ["IVF_PQ", 49, {}, "rebuild", /joins partitions of 2041 rows/],
  ["IVF_FLAT", 24, {}, "fold", /^10 of 100000 rows were not indexed, and became part 2 of the index$/],
  ["IVF_FLAT", 25, {}, "rebuild", /joins partitions of 4000 rows/],
  ["IVF_FLAT", 24, { unindexedRows: 100_000 - 24 * 4_096 }, "fold", /part 2/],
  ["IVF_FLAT", 24, { unindexedRows: 100_000 - 24 * 4_095 }, "rebuild", /joins partitions of 4095 rows/],
  ["HNSW_SQ", 1, {}, "fold", /part 2/],
  ["HNSW_SQ", 100, {}, "fold", /part 2/],
  ["HNSW_SQ", 1, { parts: 3 }, "fold", /part 4/],
  ["HNSW_SQ", 1, { parts: 4 }, "rebuild", /had 4 parts already/],
  ["HNSW_SQ", 1, { parts: 4, unindexedRows: 0 }, "keep", /indexed/],
  ["HNSW_SQ", 1, { unindexedRows: 50_000 }, "fold", /50000 of 100000/],
  ["HNSW_SQ", 1, { unindexedRows: 50_001 }, "rebuild", /too many for what was learned/],
  ["IVF_RQ", 316, { unindexedRows: 0, partitions: 7 }, "rebuild", /had joined 316 partitions to 7$/],
  ["IVF_RQ", 316, { unindexedRows: 0, partitions: 158 }, "keep", /indexed/],
  ["IVF_RQ", 316, { unindexedRows: 0, partitions: null }, "keep", /indexed/],
  ["IVF_PQ", 49, null, "rebuild", /was gone/],
  ["EXACT", 1, null, "rebuild", /one by one/],
])("%s of %i partitions with %o: %s", (type, partitions, built, way, why) => {
  expect(upkeep(type, partitions, built)).toEqual({ way, why: expect.stringMatching(why) });
});

/** As it was stored before it held what was asked for and the version that recall was measured at. */
const old = {
  generation: "g1",
  bucket: "primary",
  dimension: 8,
  metric: "cosine",
  vectorColumn: "vector",
  idColumn: "doc_id",
  columns: [],
  indexType: "IVF_PQ",
  indexParameters: { numPartitions: 12, numBits: 8 },
  reasons: ["numBits 8: asked for"],
  searchDefaults: { nprobes: 3 },
  recall: { target: 0.95, measured: 0.97, k: 10, queries: 100 },
  rows: 600,
  source: "source/old",
  publishedAt: "2026-01-01T00:00:00.000Z",
};

test("an entry of old is read: its recall is of no known version", () => {
  const read = publication.parse(old);
  expect(read.recall.version).toBeNull();
  expect(read.asked).toBeUndefined();
});

test("an index is built again as it was asked for; one of old as it was built, its partitions planned anew", () => {
  const read = publication.parse(old);
  expect(askedOf(read)).toEqual({ indexType: "IVF_PQ", indexParameters: { numBits: 8 }, filterColumns: [] });
  const asked: AskedIndex = { indexType: "IVF_RQ", indexParameters: { numPartitions: 5 }, filterColumns: [] };
  expect(askedOf({ ...read, asked })).toEqual(asked);
  const exact: Publication = { ...read, indexType: "EXACT", indexParameters: {} };
  expect(askedOf(exact)).toEqual({ indexType: "auto", indexParameters: {}, filterColumns: [] });
});

test("only the last optimization is among the reasons", () => {
  const read = publication.parse(old);
  const { reasons } = withReason(keptIndex(read), "kept");
  const again = withReason(keptIndex({ ...read, reasons }), "folded");
  expect(again.reasons).toEqual(["numBits 8: asked for", "optimize: folded"]);
});
