import type { Metric } from "../../../domain/index/index-entry.ts";
import type { Centroids } from "../files/index-file.ts";

/** Of the lengths: single precision differs by less, and so does what order of adding does (768 values: 1e-5). */
const tolerance = 1e-4;

/**
 * The partitions that LanceDB looks into: by the distance of their centroids, for cosine of the query at length 1. Those that
 * are as near as the last one but for what single precision cannot tell are among them.
 */
export function nearestPartitions(
  { count, dimension, values }: Centroids,
  query: ArrayLike<number>,
  metric: Metric,
  nprobes: number,
): number[] {
  const vector = metric === "cosine" ? atLengthOne(query) : Float64Array.from(query);
  const length = vector.reduce((sum, value) => sum + value * value, 0);
  const near = Array.from({ length: count }, (_, partition) => {
    const { dot, squares } = productsOf(values, partition * dimension, vector);
    const distance = metric === "dot" ? -dot : squares - 2 * dot; // but for what is the same for all of them
    return { partition, distance, scale: squares + length };
  });
  near.sort((a, b) => a.distance - b.distance);
  const last = near[Math.min(nprobes, count) - 1];
  const bound = last ? last.distance + tolerance * last.scale : Number.NEGATIVE_INFINITY;
  return near.filter(({ distance }, i) => i < nprobes || distance <= bound).map(({ partition }) => partition);
}

function atLengthOne(query: ArrayLike<number>): Float64Array {
  const vector = Float64Array.from(query);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Of a centroid with a vector, and with itself: plain loops, as a first search waits for them before they are compiled. */
function productsOf(values: Float32Array, from: number, vector: Float64Array) {
  let dot = 0;
  let squares = 0;
  for (let i = 0; i < vector.length; i++) {
    const value = values[from + i] as number;
    dot += value * (vector[i] as number);
    squares += value * value;
  }
  return { dot, squares };
}
