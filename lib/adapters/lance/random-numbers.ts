/** Numbers from above 0 to 1, the same ones each time (a linear congruential generator). */
export function uniformNumbers(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
}

/** Normally distributed numbers, the same ones each time (Box and Muller's method). */
export function normalNumbers(): () => number {
  const uniform = uniformNumbers();
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
