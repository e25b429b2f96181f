import { expect, test } from "vitest";
import { nearestIds } from "../../../lib/adapters/lance/exact/nearest-ids.ts";

const rows = (...distances: number[]) => distances.map((distance, i) => ({ id: `r${i}`, distance }));

test("the k nearest, and those that are as near as the last of them", () => {
  expect(nearestIds("l2", rows(3, 1, 2, 2, 4), 2, false)).toEqual({ ids: ["r1", "r2", "r3"] });
  expect(nearestIds("cosine", rows(0.1, 0.1 + 1e-7, 0.2), 1, false).ids).toEqual(["r0", "r1"]);
  expect(nearestIds("l2", [], 10, true)).toEqual({ ids: [] });
});

test("where all are as near as the last, others may be, too: then it is told how near that is", () => {
  expect(nearestIds("l2", rows(1, 2, 2, 2), 2, true)).toEqual({ ids: ["r0", "r1", "r2", "r3"] });
  const { ids, within = 0 } = nearestIds("l2", rows(1, 2, 2, 2), 2, false);
  expect(ids).toHaveLength(4);
  expect(within).toBeGreaterThan(2);
  expect(within).toBeLessThan(2.0001);
});

test("small squares are told apart as well as large ones", () => {
  expect(nearestIds("l2", rows(1e-30, 2e-30), 1, false).ids).toEqual(["r0"]);
  expect(nearestIds("l2", rows(1e30, 1.001e30), 1, false).ids).toEqual(["r0"]);
});
