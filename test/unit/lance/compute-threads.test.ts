import { expect, test } from "vitest";
import { computeThreads } from "../../../lib/adapters/lance/tables/compute-threads.ts";

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 2],
  [6, 4],
])(
  "of %i processors LanceDB computes on %i: two, where there are, and all but two",
  (processors, threads) => {
    expect(computeThreads(processors)).toBe(threads);
    expect(process.env["LANCE_CPU_THREADS"]).toMatch(/^\d+$/);
  },
);
