import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import {
  isGatherDue,
  isUpkeepDue,
  refuseTooManyUnindexed,
  type Tally,
  tallied,
  upkeepCounts,
} from "../../lib/domain/documents/upkeep.ts";
import type { IndexEntry, Publication } from "../../lib/domain/index/index-entry.ts";

const now = Date.parse("2026-01-01T00:00:00Z");
const none: Tally = { generation: "g1", rows: 0, deleted: 0, commits: 1 };

const isDue = (
  rows: number,
  written: Partial<Tally>,
  indexType: Publication["indexType"] = "IVF_RQ",
  own: IndexEntry["upkeep"] = undefined,
) => isUpkeepDue({ rows, indexType } as Publication, { ...none, ...written }, own, now);

test.each<[string, boolean, boolean]>([
  ["a twentieth of the rows", isDue(100_000, { rows: 4_999 }), isDue(100_000, { rows: 5_000 })],
  ["ten thousand of many", isDue(10_000_000, { rows: 9_999 }), isDue(10_000_000, { rows: 10_000 })],
  ["a thousand of few", isDue(300, { rows: 999 }), isDue(300, { rows: 1_000 })],
  ["many fragments", isDue(100_000, { fragments: 255 }), isDue(100_000, { fragments: 256 })],
  ["a fifth that is deleted", isDue(100_000, { deleted: 19_999 }), isDue(100_000, { deleted: 20_000 })],
  [
    "ten thousand in all, all compared",
    isDue(9_000, { rows: 999 }, "EXACT"),
    isDue(9_000, { rows: 1_000 }, "EXACT"),
  ],
  [
    "so many as its index says",
    isDue(100_000, { rows: 99, deleted: 999 }, "IVF_RQ", { rows: 100, deletedShare: 0.01 }),
    isDue(100_000, { rows: 100 }, "IVF_RQ", { rows: 100 }),
  ],
  [
    "such a share as its index says",
    isDue(100_000, { rows: 8_999, deleted: 999 }, "IVF_RQ", { share: 0.09, deletedShare: 0.01 }),
    isDue(100_000, { rows: 8_999, deleted: 1_000 }, "IVF_RQ", { share: 0.09, deletedShare: 0.01 }),
  ],
  [
    "so many in all as its index says, all compared",
    isDue(100, { rows: 99 }, "EXACT", { rows: 200 }),
    isDue(100, { rows: 100 }, "EXACT", { rows: 200 }),
  ],
])("a job is due from %s", (_, before, from) => {
  expect([before, from]).toEqual([false, true]);
});

test("what a job is asked for is told with how far it is from that", () => {
  const counts = (rows: number, indexType: Publication["indexType"]) =>
    upkeepCounts({ rows, indexType }, { rows: 5, deleted: 3, fragments: 2 }, undefined);
  expect(counts(100_001, "IVF_RQ")).toEqual({
    rows: { counted: 5, from: 5_001 },
    deleted: { counted: 3, from: 20_001 },
    fragments: { counted: 2, from: 256 },
  });
  expect(counts(9_999, "EXACT").rows).toEqual({ counted: 5, from: 1 });
  expect(counts(20_000, "EXACT").rows).toEqual({ counted: 5, from: 1 });
  expect(upkeepCounts({ rows: 300, indexType: "IVF_PQ" }, undefined, undefined).rows).toEqual({
    counted: 0,
    from: 1_000,
  });
});

test("a job that was asked for is not asked for again for ten minutes", () => {
  const askedAt = (ms: number) => new Date(now - ms).toISOString();
  expect(isDue(100, { rows: 5_000, askedAt: askedAt(limits.upkeepAgainMs - 1) })).toBe(false);
  expect(isDue(100, { rows: 5_000, askedAt: askedAt(limits.upkeepAgainMs) })).toBe(true);
});

test("fragments are gathered after every eighth commit, or the next where one had no time for it", () => {
  expect([7, 8, 9].map((commits) => isGatherDue({ ...none, commits }))).toEqual([false, true, true]);
  expect([16, 17].map((commits) => isGatherDue({ ...none, commits, gatheredAfter: 9 }))).toEqual([
    false,
    true,
  ]);
});

test("what is written adds up until another generation is published", () => {
  const committed = { version: 7, inserted: 3, updated: 2, deleted: 1 };
  const once = tallied(undefined, "g1", committed);
  expect(once).toEqual({ generation: "g1", rows: 5, deleted: 3, commits: 1 });
  expect(tallied(once, "g1", committed)).toEqual({ generation: "g1", rows: 10, deleted: 6, commits: 2 });
  expect(tallied(once, "g2", committed)).toEqual({ ...once, generation: "g2" });
});

test("more than an index may lack is refused, of its own generation alone", () => {
  const full = { ...none, rows: limits.maxUnindexedRows };
  expect(() => refuseTooManyUnindexed("docs", "g1", full)).toThrow(
    expect.objectContaining({ kind: "TooManyUnindexed" }),
  );
  for (const written of [undefined, { ...full, generation: "g0" }, { ...full, rows: full.rows - 1 }])
    expect(() => refuseTooManyUnindexed("docs", "g1", written)).not.toThrow();
});
