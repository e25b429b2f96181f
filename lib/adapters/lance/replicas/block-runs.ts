import type { ByteRange } from "../files/lance-format.ts";

/**
 * Joins blocks to stretches, each of which is read by itself: those with few blocks between them, and then those with the
 * fewest until there are no more stretches than that.
 * @param blocks by their numbers, ascending
 * @param few blocks that are read along rather than asked around
 * @returns from the number of the first to the one after the last
 */
export function runsOf(blocks: number[], few: number, mostRuns: number): ByteRange[] {
  const gaps = blocks.map((block, i) => (i === 0 ? 0 : block - (blocks[i - 1] ?? 0) - 1));
  const cuts = gaps.filter((gap) => gap > few).sort((a, b) => b - a);
  const widest = cuts.slice(0, mostRuns - 1);
  const least = widest.at(-1) ?? Number.POSITIVE_INFINITY;
  let ofTheLeast = widest.filter((gap) => gap === least).length;
  const runs: ByteRange[] = [];
  for (const [i, block] of blocks.entries()) {
    const gap = gaps[i] ?? 0;
    const isCut = gap > least || (gap === least && ofTheLeast-- > 0);
    const run = runs.at(-1);
    if (run && !isCut) run.end = block + 1;
    else runs.push({ start: block, end: block + 1 });
  }
  return runs;
}
