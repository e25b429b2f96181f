import { limits } from "../../../config/limits.ts";

export type ReadRange = (start: number, end: number) => Promise<Uint8Array>;

/** The end of a Parquet file from the first byte of its metadata on. */
export interface FileTail {
  start: number;
  bytes: Uint8Array;
}

const magic = "PAR1";
/** Length of the metadata and magic, at the very end. */
export const trailerBytes = 8;

/**
 * Reads a file's metadata, and nothing when the file cannot be Parquet.
 * @throws Error saying what is wrong with it
 */
export async function readTail(size: number, read: ReadRange): Promise<FileTail> {
  if (size < magic.length + trailerBytes) throw new Error(`${size} bytes are too few`);
  const trailer = await read(size - trailerBytes, size);
  const end = new TextDecoder("latin1").decode(trailer.subarray(4));
  if (end === "PARE") throw new Error("its footer is encrypted");
  if (end !== magic) throw new Error(`it does not end with ${magic}; it is cut short or another format`);
  const length = new DataView(trailer.buffer, trailer.byteOffset).getUint32(0, true);
  const start = size - trailerBytes - length;
  if (start < magic.length) throw new Error(`its footer would take ${length} of ${size} bytes`);
  if (length > limits.maxFooterBytes)
    throw new Error(
      `its footer of ${length} bytes is larger than ${limits.maxFooterBytes}; write fewer row groups or columns`,
    );
  const bytes = await read(start, size);
  return { start, bytes };
}

/** Reads the tail from memory and the rest as before. */
export function readThrough(tail: FileTail, read: ReadRange): ReadRange {
  return async (start, end) => {
    if (end <= tail.start) return read(start, end);
    const known = tail.bytes.subarray(Math.max(0, start - tail.start), end - tail.start);
    if (start >= tail.start) return known;
    return joined(await read(start, tail.start), known);
  };
}

function joined(head: Uint8Array, rest: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + rest.length);
  whole.set(head);
  whole.set(rest, head.length);
  return whole;
}
