/** Euclidean distance of two vectors. */
export function distanceBetween(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0));
}

/** The vector at that distance from the given one, in a random direction. */
export function moved(vector: Float32Array, distance: number, random: () => number): Float32Array {
  const direction = vector.map(random);
  const length = Math.hypot(...direction) || 1;
  return vector.map((value, i) => value + ((direction[i] ?? 0) / length) * distance);
}

/** Normally distributed numbers, the same ones each time (Box and Muller's method over a linear congruential generator). */
export function normalNumbers(): () => number {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
