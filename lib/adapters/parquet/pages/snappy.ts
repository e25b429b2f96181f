import { copyBytes } from "../../copy-bytes.ts";
import { readVarint } from "../../varint.ts";

/**
 * Uncompresses a block of Snappy into exactly `output`. Vectors hardly compress, so that a block is literals of some
 * kilobytes: they are copied as a whole, which is several times faster than byte by byte (bench/NOTES.md).
 * https://github.com/google/snappy/blob/main/format_description.txt
 * @throws Error for a block that is damaged or of another length
 */
export function uncompressSnappy(block: Uint8Array, output: Uint8Array): void {
  let at = preamble(block, output.length);
  let to = 0;
  while (at < block.length) {
    const tag = block[at++] as number;
    const kind = tag & 3;
    const extra = kind === 0 ? Math.max(0, (tag >> 2) - 59) : kind === 3 ? 4 : kind;
    if (at + extra > block.length) throw new Error("a tag of Snappy ends too early");
    const number = littleEndian(block, at, extra);
    at += extra;
    if (kind === 0) {
      const length = (extra === 0 ? tag >> 2 : number) + 1;
      if (length > block.length - at || length > output.length - to) throw new Error("a literal is too long");
      copyLiteral(block, at, output, to, length);
      at += length;
      to += length;
    } else {
      const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const offset = kind === 1 ? ((tag >> 5) << 8) + number : number;
      if (offset === 0 || offset > to || length > output.length - to)
        throw new Error("a copy is out of bounds");
      // byte by byte: it may copy what it has just written
      for (const end = to + length; to < end; to++) output[to] = output[to - offset] as number;
    }
  }
  if (to !== output.length) throw new Error(`a block of Snappy holds ${to} bytes, not ${output.length}`);
}

/** The length that the block claims has to be the one expected. @returns where the tags begin */
function preamble(block: Uint8Array, expected: number): number {
  const cursor = { at: 0 };
  const claimed = readVarint(block, cursor, 5);
  if (claimed !== expected) throw new Error(`a block of Snappy claims ${claimed} bytes, not ${expected}`);
  return cursor.at;
}

function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number);
  return value;
}

/** From here on a copy of a range is faster than a loop. */
const longLiteral = 64;

function copyLiteral(from: Uint8Array, at: number, output: Uint8Array, to: number, length: number): void {
  if (length >= longLiteral) copyBytes(from, at, at + length, output, to);
  else for (let i = 0; i < length; i++) output[to + i] = from[at + i] as number;
}
