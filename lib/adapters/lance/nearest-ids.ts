/** Distances of equal vectors differ in their last bits, by the order in which they were summed. */
const rounding = 1e-6;

/** The ids of the k nearest, and of those that are as near as the last of them. */
export function nearestIds(rows: { id: string; distance: number }[], k: number): string[] {
  const near = rows.toSorted((a, b) => a.distance - b.distance);
  const last = near[Math.min(k, near.length) - 1]?.distance ?? 0;
  const within = last + Math.abs(last) * rounding + rounding;
  return near.filter(({ distance }) => distance <= within).map(({ id }) => id);
}
