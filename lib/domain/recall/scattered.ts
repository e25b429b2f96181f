/** In an order whose every beginning comes from all parts of the table: by multiples of the golden ratio. */
export function scattered<T>(sample: T[]): T[] {
  const places = sample.map((_, i) => (i * 0.6180339887) % 1);
  const order = sample.map((_, i) => i).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  return order.flatMap((i) => sample[i] ?? []);
}
