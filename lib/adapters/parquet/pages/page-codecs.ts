import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { uncompressSnappy } from "./snappy.ts";

type Uncompress = (stored: Uint8Array, bytes: number, scratch: Scratch) => Uint8Array;

/** Node gives up at `maxOutputLength`, and fills one buffer of `chunkSize`. */
const ofNode =
  (
    uncompress: (stored: Uint8Array, options: { maxOutputLength: number; chunkSize: number }) => Uint8Array,
  ): Uncompress =>
  (stored, bytes) =>
    uncompress(stored, { maxOutputLength: bytes, chunkSize: Math.max(64, bytes) });

/** Memory for one page after the other: what is taken is good until the next is. */
export class Scratch {
  #bytes = new Uint8Array();

  take(bytes: number): Uint8Array {
    if (this.#bytes.length < bytes) this.#bytes = new Uint8Array(bytes);
    return this.#bytes.subarray(0, bytes);
  }
}

/** By their numbers in the format; LZ4 and LZO are left to parquet-wasm. */
const codecs: Record<number, Uncompress> = {
  0: (stored) => stored,
  1: (stored, bytes, scratch) => {
    const output = scratch.take(bytes);
    uncompressSnappy(stored, output);
    return output;
  },
  2: ofNode(gunzipSync),
  4: ofNode(brotliDecompressSync),
  6: ofNode(zstdDecompressSync),
};

export const isKnownCodec = (codec: number) => Object.hasOwn(codecs, codec);

/**
 * Uncompresses the data of a page, into the scratch or elsewhere. Takes no more memory than `bytes`, which the caller has to bound.
 * https://github.com/apache/parquet-format/blob/master/Compression.md
 * @throws Error for another codec, damaged data, and data that is not of this length
 */
export function uncompressPage(
  codec: number,
  stored: Uint8Array,
  bytes: number,
  scratch: Scratch,
): Uint8Array {
  const data = codecs[codec]?.(stored, bytes, scratch);
  if (data?.length !== bytes) throw new Error(`a page does not hold ${bytes} bytes`);
  return data;
}
