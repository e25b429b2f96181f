/** By cosine: the numbers of the k nearest. */
export function nearestIn(all: Float32Array[], query: Float32Array, k: number): number[] {
  const found = all.flatMap((vector, place) => [{ place, distance: cosineDistance(vector, query) }]);
  return found
    .sort((a, b) => a.distance - b.distance)
    .slice(0, k)
    .map(({ place }) => place);
}

function cosineDistance(a: Float32Array, b: Float32Array): number {
  let [dot, one, other] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x = 0, y = 0] = [a[i], b[i]];
    dot += x * y;
    one += x * x;
    other += y * y;
  }
  return 1 - dot / Math.sqrt(one * other);
}
