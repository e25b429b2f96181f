import { uniformNumbers } from "./random-numbers.ts";

/**
 * Offsets of rows, one at random in each of as many equal stretches: from all parts of the table, the same ones each time.
 * Rows at even distances would be alike in a table that repeats itself, and the recall over them that of a few
 * (bench/NOTES.md).
 * @param sampled at most as many as there are rows
 */
export function sampleOffsets(rows: number, sampled: number): number[] {
  const random = uniformNumbers();
  const startOf = (stretch: number) => Math.floor((stretch * rows) / sampled);
  return Array.from({ length: sampled }, (_, i) => {
    const length = startOf(i + 1) - startOf(i);
    return startOf(i) + Math.min(Math.floor(random() * length), length - 1);
  });
}
