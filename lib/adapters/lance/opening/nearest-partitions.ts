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
  const near = Array.from({ length: count }, (_, partition) =>
    distanceTo(values.subarray(partition * dimension, (partition + 1) * dimension), vector, metric),
  ).map((distance, partition) => ({ partition, ...distance }));
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

/** But for what is the same for all of them. @returns also how large the numbers are that it was made of */
function distanceTo(centroid: Float32Array, vector: Float64Array, metric: Metric) {
  let [dot, squares, length] = [0, 0, 0];
  for (let i = 0; i < centroid.length; i++) {
    const [a = 0, b = 0] = [centroid[i], vector[i]];
    dot += a * b;
    squares += a * a;
    length += b * b;
  }
  return { distance: metric === "dot" ? -dot : squares - 2 * dot, scale: squares + length };
}
