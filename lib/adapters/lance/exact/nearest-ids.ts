import type { Metric } from "../../../domain/index/index-entry.ts";
import type { Nearest } from "../../../domain/recall/recall-probe.ts";

/** Distances of equal vectors differ in their last bits, by the order in which 16,384 squares or fewer were summed. */
const rounding = 4e-6;

/**
 * Of rows with their distances the k nearest, and those that are as near as the last of them.
 * @param isAll whether there are no other rows that could be as near
 */
export function nearestIds(
  metric: Metric,
  rows: { id: string; distance: number }[],
  k: number,
  isAll: boolean,
): Nearest {
  const near = rows.toSorted((a, b) => a.distance - b.distance);
  const within = roundedUp(metric, near[Math.min(k, near.length) - 1]?.distance ?? 0);
  const ids = near.filter(({ distance }) => distance <= within).map(({ id }) => id);
  return ids.length < rows.length || isAll ? { ids } : { ids, within };
}

/** A cosine and a product are taken from 1, and have its rounding; a sum of squares has only its own. */
export function roundedUp(metric: Metric, distance: number): number {
  return distance + (Math.abs(distance) + (metric === "l2" ? 0 : 1)) * rounding;
}
