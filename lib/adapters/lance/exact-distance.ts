import type { Metric } from "../../domain/index/index-entry.ts";

/**
 * The distance of two vectors as LanceDB gives it when it refines: 1 less the cosine, 1 less the scalar product, or the
 * square of the Euclidean distance; rounded to float32.
 */
export function exactDistance(metric: Metric, a: Float32Array, b: Float32Array): number {
  let [dot, squareA, squareB, between] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    dot += x * y;
    squareA += x * x;
    squareB += y * y;
    between += (x - y) ** 2;
  }
  const distance = { cosine: 1 - dot / Math.sqrt(squareA * squareB), dot: 1 - dot, l2: between }[metric];
  return Math.fround(distance);
}
