import { seededRandom } from "../test/support/seeded-random.ts";

/** Normally distributed numbers of mean 0 and deviation 1 (Box-Muller). */
export function seededNormal(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
