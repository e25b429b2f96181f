/**
 * Copies bytes as a whole. `set` copies memory that threads share word by word, at half the speed (bench/NOTES.md).
 * @param at where in `to` they begin; what does not fit there is left out
 */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  copy.call(from as Buffer, to, at, start, end);
}

const { copy } = Buffer.prototype;
