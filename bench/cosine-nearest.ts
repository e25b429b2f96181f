import { exactDistance } from "../lib/adapters/lance/exact-distance.ts";

/** By cosine: the numbers of the k nearest. */
export function nearestIn(all: Float32Array[], query: Float32Array, k: number): number[] {
  const found = all.flatMap((vector, place) => [{ place, distance: exactDistance("cosine", vector, query) }]);
  return found
    .sort((a, b) => a.distance - b.distance)
    .slice(0, k)
    .map(({ place }) => place);
}
