/**
 * Copies bytes as a whole. `set` copies memory that threads share word by word, at half the speed (bench/NOTES.md), and so
 * does `Buffer.copy` where it is asked for all of an array: the first byte goes by itself.
 * @param at where in `to` they begin; all of them have to fit
 */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end === start) return;
  to[at] = from[start] as number;
  copy.call(from as Buffer, to, at + 1, start + 1, end);
}

const { copy } = Buffer.prototype;
