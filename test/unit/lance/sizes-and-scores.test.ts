import fc from "fast-check";
import { expect, test } from "vitest";
import { cacheBytes } from "../../../lib/adapters/lance/connections.ts";
import { scoreOf } from "../../../lib/adapters/lance/hits.ts";

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
