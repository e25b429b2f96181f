import { expect, test } from "vitest";
import { measuresOf } from "../../bench/quality/measures.ts";
import { bootstrapped, difference } from "../../bench/quality/paired.ts";

test("a perfect ranking has 1 of each, one that finds nothing 0", () => {
  const gains = { a: 1, b: 0.5 };
  expect(measuresOf(["a", "b", "c"], { gains })).toEqual({ ndcg: 1, recall: 1, mrr: 1 });
  expect(measuresOf(["c", "d"], { gains })).toEqual({ ndcg: 0, recall: 0, mrr: 0 });
});

test("gains are discounted by the logarithm of their rank, and only ten ranks count", () => {
  const gains = { a: 1, b: 0.5 };
  const { ndcg, recall, mrr } = measuresOf(["x", "b", "a"], { gains });
  expect(ndcg).toBeCloseTo((0.5 / Math.log2(3) + 1 / 2) / (1 + 0.5 / Math.log2(3)), 10);
  expect({ recall, mrr }).toEqual({ recall: 1, mrr: 1 / 2 });
  expect(measuresOf([..."0123456789", "a"], { gains })).toEqual({ ndcg: 0, recall: 0, mrr: 0 });
});

test("a difference that every query shows excludes zero, one of noise does not", () => {
  const other = Array.from({ length: 100 }, (_, i) => (i % 7) / 7);
  const better = difference(
    other.map((value) => value + 0.1),
    other,
  );
  expect(better.low).toBeCloseTo(0.1, 10);
  const noise = difference(
    other.map((value, i) => value + (i % 2 ? 0.1 : -0.1)),
    other,
  );
  expect(noise.low).toBeLessThan(0);
  expect(noise.high).toBeGreaterThan(0);
  expect(bootstrapped([0.25, 0.25])).toEqual({ mean: 0.25, low: 0.25, high: 0.25 });
});
