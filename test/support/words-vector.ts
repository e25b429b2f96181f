/** A unit vector of a text: each of its words adds to two places. Texts that share words are near each other. */
export function wordsVector(text: string, dimension: number): number[] {
  const vector: number[] = Array(dimension).fill(0);
  for (const word of text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? ["nothing"]) {
    const hash = [...word].reduce((sum, one) => (Math.imul(sum, 31) + (one.codePointAt(0) ?? 0)) >>> 0, 7);
    vector[hash % dimension] = (vector[hash % dimension] ?? 0) + 1;
    vector[(hash >>> 8) % dimension] = (vector[(hash >>> 8) % dimension] ?? 0) + 1;
  }
  const length = Math.hypot(...vector);
  return vector.map((one) => one / length);
}
