import fc from "fast-check";
import { expect, test } from "vitest";
import { gatheredOf } from "../../../lib/adapters/lance/documents/gather-fragments.ts";
import { limits } from "../../../lib/config/limits.ts";

const fragmentsOf = (rows: number[], bytesPerRow = 1) =>
  rows.map((count, id) => ({ id, rows: count, bytes: count * bytesPerRow }));
const gathered = (rows: number[], bytesPerRow = 1) =>
  gatheredOf(fragmentsOf(rows, bytesPerRow)).map((one) => one.rows);

test.each([
  ["those of single documents", [1, 1, 1, 1, 1, 1, 1, 1], 8],
  ["also larger ones, as soon as these are no longer many times as large", [1, 1, 1, 1, 9, 20], 6],
  ["not what is much larger than all others together", [1, 1, 1, 1, 8, 100, 1_000], 5],
  ["large ones beside small ones", [1, 1, 100, 100, 100], 5],
  ["not a few", [1, 1, 1], 0],
  ["not one by itself", [700], 0],
])("gathered are %s", (_, rows, count) => {
  expect(gathered(rows)).toEqual(rows.slice(0, count));
});

test("what is gathered is within its bounds, and of what stays each is much larger than all before it, or too large", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 6_000 }), { maxLength: 80 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 20_000 }), (rows, bytesPerRow) => {
      const taken = gathered(rows, bytesPerRow);
      const sum = taken.reduce((total, one) => total + one, 0);
      expect(sum).toBeLessThanOrEqual(limits.gatheredRows);
      expect(sum * bytesPerRow).toBeLessThanOrEqual(limits.gatheredBytes);
      if (taken.length === limits.mostGatheredFragments) return;
      let total = sum;
      for (const next of rows.toSorted((a, b) => a - b).slice(taken.length)) {
        total += next;
        const isTooLarge = total > limits.gatheredRows || total * bytesPerRow > limits.gatheredBytes;
        if (isTooLarge) return;
        if (taken.length > 0) expect(next).toBeGreaterThan(2 * (total - next));
      }
    }),
  );
});

test("ten thousand documents that are written one by one leave few fragments, and are written again a few times each", () => {
  let fragments: number[] = [];
  let written = 0;
  let most = 0;
  for (let i = 1; i <= 10_000; i++) {
    fragments.push(1);
    most = Math.max(most, fragments.length);
    if (i % limits.gatherCommits !== 0) continue;
    const taken = gatheredOf(fragmentsOf(fragments));
    const sum = taken.reduce((total, one) => total + one.rows, 0);
    written += sum;
    const left = fragments.filter((_, id) => !taken.some((one) => one.id === id));
    fragments = sum > 0 ? [...left, sum] : left;
  }
  expect(most).toBeLessThanOrEqual(24);
  expect(written).toBeLessThanOrEqual(10 * 10_000);
});
