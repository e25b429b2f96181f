import { expect, test } from "vitest";
import { seededWait } from "../../../bench/s3-like.ts";

const waits = (seed: number) => Array.from({ length: 20_000 }, seededWait(seed));
const quantile = (values: number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.floor(share * values.length)] ?? 0;

test("requests wait as long as S3's do: 20 ms half of them, one in a hundred above 80", () => {
  expect(quantile(waits(1), 0.5)).toBeCloseTo(20, 0);
  expect(quantile(waits(1), 0.99)).toBeGreaterThan(75);
  expect(quantile(waits(1), 0.99)).toBeLessThan(85);
});

test("and the same in every run", () => {
  expect(waits(7)).toEqual(waits(7));
  expect(waits(7)).not.toEqual(waits(8));
});
