import { expect, test } from "vitest";
import { recallOf, recallSampleSize, summarise } from "../../lib/domain/recall/choose-search-defaults.ts";

test("recall counts neighbours as near as the k-th, and no more than k of them", () => {
  expect(recallOf(["a", "b"], ["b", "c"])).toBe(0.5);
  expect(recallOf(["a", "b", "tied"], ["a", "tied", "b"], 2)).toBe(1);
  expect(recallOf(["a", "b", "tied"], ["x", "y", "a"], 2)).toBe(0);
  expect(recallOf(["a"], ["a", "b"], 10)).toBe(1);
  expect(recallOf([], ["a"], 10)).toBe(1);
});

test("a summary has the mean and its standard error", () => {
  const { recall, error, queries: counted } = summarise({}, [1, 0.5, 1, 0.5]);
  expect([recall, counted]).toEqual([0.75, 4]);
  expect(error).toBeCloseTo(0.1443, 4);
});

test.each([
  [100_000, 768, 100],
  [40_000, 768, 250],
  [10_000_000, 768, 100],
  [1_000, 8, 400],
  [300, 8, 300],
  [50, 16_384, 50],
])("of %i rows of dimension %i recall is measured with %i questions", (rows, dimension, questions) => {
  expect(recallSampleSize(rows, dimension)).toBe(questions);
});
