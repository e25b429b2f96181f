import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { Publication, SearchDefaults, ServedIndexType } from "../../lib/domain/index/index-entry.ts";
import { defaultsAt } from "../../lib/domain/search/defaults-at-k.ts";

/** What is published, as far as settings follow from it. */
function published(
  indexType: ServedIndexType,
  searchDefaults: SearchDefaults,
  atK?: { k: number; searchDefaults: SearchDefaults }[],
): Publication {
  const recall = { atK: atK?.map((one) => ({ measured: 0.96, ...one })) };
  return { indexType, searchDefaults, recall, indexParameters: { numPartitions: 100 } } as Publication;
}

const pq = { nprobes: 20, refineFactor: 8 };
const verified = published("IVF_PQ", pq, [
  { k: 1, searchDefaults: { nprobes: 24, refineFactor: 80 } },
  { k: 10, searchDefaults: pq },
  { k: 100, searchDefaults: { nprobes: 40, refineFactor: 2 } },
]);

test.each([
  [1, { nprobes: 24, refineFactor: 80 }],
  [2, { nprobes: 24, refineFactor: 40 }],
  [3, { nprobes: 24, refineFactor: 27 }],
  [9, { nprobes: 24, refineFactor: 9 }],
  [10, pq],
  [20, { nprobes: 25, refineFactor: 6 }],
  [50, { nprobes: 33, refineFactor: 4 }],
  [100, { nprobes: 40, refineFactor: 2 }],
  [300, { nprobes: 56, refineFactor: 2 }],
  [1_000, { nprobes: 80, refineFactor: 2 }],
])("for %i hits the defaults are %o", (k, settings) => {
  expect(defaultsAt(pq, k, verified)).toEqual(settings);
});

test.each<[string, Publication, SearchDefaults, number, SearchDefaults]>([
  [
    "an entry of old compares as many candidates for fewer",
    published("IVF_PQ", pq),
    pq,
    1,
    { nprobes: 20, refineFactor: 80 },
  ],
  ["an entry of old searches for more as for ten", published("IVF_PQ", pq), pq, 100, pq],
  [
    "codes that were not refined are for fewer",
    published("IVF_RQ", { nprobes: 9 }),
    { nprobes: 9 },
    1,
    { nprobes: 9, refineFactor: 10 },
  ],
  ["exact distances never are", published("IVF_FLAT", { nprobes: 9 }), { nprobes: 9 }, 1, { nprobes: 9 }],
  ["nothing is set where every row is compared", published("EXACT", {}), {}, 1, {}],
  [
    "a graph keeps as many candidates",
    published("HNSW_SQ", { ef: 32 }),
    { ef: 32 },
    5,
    { ef: 32, refineFactor: 2 },
  ],
  [
    "with a filter settings widen as without",
    verified,
    { nprobes: 60, refineFactor: 8 },
    100,
    { nprobes: 100, refineFactor: 2 },
  ],
  [
    "a graph is searched as wide as was found for a hundred",
    published("HNSW_SQ", { ef: 32 }, [{ k: 100, searchDefaults: { ef: 128 } }]),
    { ef: 32 },
    100,
    { ef: 128 },
  ],
  [
    "a graph is searched no wider than any may be",
    published("HNSW_SQ", { ef: 32 }, [{ k: 100, searchDefaults: { ef: 512 } }]),
    { ef: 1_000 },
    1_000,
    { ef: limits.maxEf },
  ],
  [
    "what was asked for wider than any partition stays",
    verified,
    { nprobes: 120, refineFactor: 8 },
    100,
    { nprobes: 120, refineFactor: 2 },
  ],
  [
    "what was found narrower for a hundred is searched as for ten",
    published("IVF_PQ", pq, [{ k: 100, searchDefaults: { nprobes: 10, refineFactor: 8 } }]),
    pq,
    100,
    pq,
  ],
  ["settings without refining stay so for more", verified, { nprobes: 45 }, 100, { nprobes: 90 }],
])("%s", (_, entry, settings, k, expected) => {
  expect(defaultsAt(settings, k, entry)).toEqual(expected);
});

test("candidates are never fewer than for ten hits, and no setting is out of bounds", () => {
  const refine = fc.constantFrom(1, 2, 8, 64, 256);
  const settingsOf = (nprobes: number, refineFactor: number) => ({
    nprobes,
    ...(refineFactor > 1 ? { refineFactor } : {}),
  });
  const width = fc.integer({ min: 1, max: 100 });
  fc.assert(
    fc.property(width, width, refine, refine, fc.integer({ min: 1, max: 1_000 }), (n, m, r, s, k) => {
      const ten = settingsOf(n, r);
      const hundred = settingsOf(Math.max(n, m), Math.min(r, s));
      const entry = published("IVF_PQ", ten, [{ k: 100, searchDefaults: hundred }]);
      const { nprobes = 0, refineFactor = 1 } = defaultsAt(ten, k, entry);
      expect(nprobes).toBeGreaterThanOrEqual(n);
      expect(nprobes).toBeLessThanOrEqual(100);
      expect(refineFactor).toBeLessThanOrEqual(limits.maxRefineFactor);
      expect(refineFactor * k).toBeGreaterThanOrEqual(Math.min(10 * r, limits.maxRefineFactor * k));
    }),
  );
});
