import fc from "fast-check";
import { expect, test } from "vitest";
import { sampleOffsets } from "../../../lib/adapters/lance/sample-offsets.ts";

const sizes = fc
  .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 500 }))
  .map(([rows, sampled]) => ({ rows, sampled: Math.min(rows, sampled) }));

test("one row of each stretch of the table is sampled", () => {
  fc.assert(
    fc.property(sizes, ({ rows, sampled }) => {
      const offsets = sampleOffsets(rows, sampled);
      expect(offsets).toHaveLength(sampled);
      for (const [i, offset] of offsets.entries()) {
        expect(offset).toBeGreaterThanOrEqual(Math.floor((i * rows) / sampled));
        expect(offset).toBeLessThan(Math.floor(((i + 1) * rows) / sampled));
      }
    }),
  );
});

test("the same rows are sampled each time", () => {
  expect(sampleOffsets(100_000, 100)).toEqual(sampleOffsets(100_000, 100));
});

test("rows of a table that repeats itself are sampled from all of what it repeats", () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 5_000 }), (period) => {
      const tenths = sampleOffsets(100_000, 100).map((offset) =>
        Math.floor(((offset % period) * 10) / period),
      );
      expect(new Set(tenths).size).toBeGreaterThanOrEqual(9);
    }),
  );
});
