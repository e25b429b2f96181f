/** Shares of the distance, whose squares sum to 1. */
const along = 0.6;
const aside = 0.8;

/**
 * A vector beside a row, about as far from it as its nearest neighbour that is not at its place. It is moved in the
 * direction in which two of its neighbours differ, since data rarely fills all dimensions, and in a random one: queries
 * moved in only one of these flatter a graph with some data (bench/NOTES.md).
 * @param neighbours of the row, the nearest first; some may be at its place, or itself
 */
export function besideRow(row: Float32Array, neighbours: Float32Array[], random: () => number): Float32Array {
  const others = neighbours.filter((other) => distanceBetween(row, other) > 0);
  const distance = distanceBetween(row, others[0] ?? row);
  const [one = row, another = one] = others.slice(others.length >> 1);
  const between = one.map((value, i) => value - (another[i] ?? 0));
  const moved = movedTowards(row, between, distance * along);
  return movedTowards(moved, row.map(random), distance * aside);
}

/** Euclidean distance of two vectors. */
function distanceBetween(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0));
}

function movedTowards(vector: Float32Array, direction: Float32Array, distance: number): Float32Array {
  const length = Math.hypot(...direction) || 1;
  return vector.map((value, i) => value + ((direction[i] ?? 0) / length) * distance);
}
