import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { uncompressSnappy } from "./snappy.ts";

type Uncompress = (stored: Uint8Array, bytes: number) => Uint8Array;

/** Node gives up at `maxOutputLength`, and fills one buffer of `chunkSize`. */
const ofNode =
  (
    uncompress: (stored: Uint8Array, options: { maxOutputLength: number; chunkSize: number }) => Uint8Array,
  ): Uncompress =>
  (stored, bytes) =>
    uncompress(stored, { maxOutputLength: bytes, chunkSize: Math.max(64, bytes) });

/** By their numbers in the format; LZ4 and LZO are left to parquet-wasm. */
const codecs: Record<number, Uncompress> = {
  0: (stored) => stored,
  1: (stored, bytes) => {
    const output = new Uint8Array(bytes);
    uncompressSnappy(stored, output);
    return output;
  },
  2: ofNode(gunzipSync),
  4: ofNode(brotliDecompressSync),
  6: ofNode(zstdDecompressSync),
};

export const isKnownCodec = (codec: number) => Object.hasOwn(codecs, codec);

/**
 * Uncompresses the data of a page. Takes no more memory than `bytes`, which the caller has to bound.
 * https://github.com/apache/parquet-format/blob/master/Compression.md
 * @throws Error for another codec, damaged data, and data that is not of this length
 */
export function uncompressPage(codec: number, stored: Uint8Array, bytes: number): Uint8Array {
  const data = codecs[codec]?.(stored, bytes);
  if (data?.length !== bytes) throw new Error(`a page does not hold ${bytes} bytes`);
  return data;
}
