import { limits } from "../../../config/limits.ts";
import { type ByteRange, columnsStart, dataTrailerBytes } from "./lance-format.ts";

/** Bytes of one file. */
export interface FileBytes {
  /** How many there are. */
  bytes: number;
  /** From `columnsStart` on. */
  tail(): Promise<Uint8Array>;
  read(range: ByteRange): Promise<Uint8Array>;
}

/**
 * Of a file of so many bytes; its tail mostly by one request.
 * @param tailBytes that are read at once
 */
export function fileBytes(
  bytes: number,
  read: FileBytes["read"],
  tailBytes: number = limits.dataFileTailBytes,
): FileBytes {
  return {
    bytes,
    read,
    tail: async () => {
      const guess = await read({ start: Math.max(0, bytes - tailBytes), end: bytes });
      const start = columnsStart(guess.subarray(-dataTrailerBytes));
      return bytes - start > guess.length ? read({ start, end: bytes }) : guess.subarray(start - bytes);
    },
  };
}
