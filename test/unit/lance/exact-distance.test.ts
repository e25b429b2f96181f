import { expect, test } from "vitest";
import { exactDistance } from "../../../lib/adapters/lance/exact-distance.ts";

const [a, b] = [Float32Array.of(3, 4), Float32Array.of(4, 3)];

test("distances are those that LanceDB refines by", () => {
  expect(exactDistance("cosine", a, b)).toBe(Math.fround(1 - 24 / 25));
  expect(exactDistance("dot", a, b)).toBe(-23);
  expect(exactDistance("l2", a, b)).toBe(2);
});

test("a vector is at no distance of itself, and its opposite at twice that of what stands square to it", () => {
  expect(exactDistance("cosine", a, a)).toBe(0);
  expect(exactDistance("cosine", a, Float32Array.of(-4, 3))).toBe(1);
  expect(exactDistance("cosine", a, Float32Array.of(-3, -4))).toBe(2);
});
