import fc from "fast-check";
import { expect, test } from "vitest";
import { runsOf } from "../../../lib/adapters/lance/replicas/block-runs.ts";

const asked = fc.record({
  blocks: fc.uniqueArray(fc.nat(200), { maxLength: 60 }).map((blocks) => blocks.sort((a, b) => a - b)),
  few: fc.nat(8),
  mostRuns: fc.integer({ min: 1, max: 20 }),
});

test("runs hold every block, begin and end with one, come in order, and are as many as may be", () => {
  fc.assert(
    fc.property(asked, ({ blocks, few, mostRuns }) => {
      const runs = runsOf(blocks, few, mostRuns);
      expect(runs.length).toBeLessThanOrEqual(mostRuns);
      expect(blocks.every((block) => runs.some(({ start, end }) => start <= block && block < end))).toBe(
        true,
      );
      for (const [i, { start, end }] of runs.entries()) {
        expect(blocks).toContain(start);
        expect(blocks).toContain(end - 1);
        expect(start - (runs[i - 1]?.end ?? Number.NEGATIVE_INFINITY)).toBeGreaterThan(few);
      }
    }),
  );
});

test("of all runs that are few enough they read the fewest blocks along", () => {
  fc.assert(
    fc.property(asked, ({ blocks, few, mostRuns }) => {
      const gaps = blocks.slice(1).map((block, i) => block - (blocks[i] ?? 0) - 1);
      const apart = gaps.filter((gap) => gap > few).sort((a, b) => b - a);
      const least = (blocks.at(-1) ?? 0) + 1 - (blocks[0] ?? 0) - sum(apart.slice(0, mostRuns - 1));
      const read = sum(runsOf(blocks, few, mostRuns).map(({ start, end }) => end - start));
      expect(read).toBe(blocks.length === 0 ? 0 : least);
    }),
  );
});

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
