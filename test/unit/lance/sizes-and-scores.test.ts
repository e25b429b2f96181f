import { tableFromArrays } from "apache-arrow";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hitsAt, scoreOf } from "../../../lib/adapters/lance/rows/hits.ts";
import { cacheBytes } from "../../../lib/adapters/lance/tables/connections.ts";
import type { Metric, Publication } from "../../../lib/domain/index/index-entry.ts";
import type { Query } from "../../../lib/domain/search/reader.ts";

test("the caches and rows of a container leave more than half of its memory to the rest", () => {
  for (const memoryMb of [128, 512, 2_048, 10_240]) {
    const { index, metadata, rows } = cacheBytes(memoryMb);
    expect(index).toBeGreaterThan(metadata);
    expect(Number(index + metadata) + rows).toBeLessThan((memoryMb * 1_048_576) / 2);
  }
});

test("a score is the similarity for cosine and dot, and between 0 and 1 for l2", () => {
  expect(scoreOf("cosine", 0.25)).toBe(0.75);
  expect(scoreOf("dot", -3)).toBe(4);
  expect(scoreOf("l2", 0)).toBe(1);
  expect(scoreOf("l2", 3)).toBe(0.25);
});

test("whatever the metric, nearer is a higher score", () => {
  const distance = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.constantFrom("cosine", "dot", "l2"), distance, distance, (metric, a, b) => {
      fc.pre(Math.abs(a - b) > 1e-3);
      expect(scoreOf(metric, Math.min(a, b))).toBeGreaterThan(scoreOf(metric, Math.max(a, b)));
    }),
  );
});

test.each<[Metric, number, number]>([
  ["cosine", -5.96e-8, 0],
  ["cosine", 2.0000002, 2],
  ["l2", -0.03125, 0],
  ["dot", -3, -3],
])("by %s LanceDB's %d is answered as %d, and the score is that of it", (metric, computed, distance) => {
  const published = { metric, idColumn: "doc_id" } as Publication;
  const found = tableFromArrays({ doc_id: ["d0"] });
  const hits = hitsAt([{ row: 0, distance: computed }], found, published, {
    columns: [],
  } as unknown as Query);
  expect(hits).toEqual([{ doc_id: "d0", distance, score: scoreOf(metric, distance) }]);
});
