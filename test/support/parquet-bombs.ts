import { gzipSync, zstdCompressSync } from "node:zlib";
import type { WriterPropertiesBuilder } from "parquet-wasm/node";
import { anatomyOf, encodeNumber, type ThriftNumber } from "./parquet-anatomy.ts";
import { Compression, parquetBytes, sampleRows } from "./parquet-files.ts";

const zeros = () => new Uint8Array(64 * 1_048_576);
const times = <T>(count: number, one: T): T[] => Array<T>(count).fill(one);

/** 2 GB of zeros, as members or frames behind each other, or as copies of what was written before. */
const unpacked: Record<BombCodec, () => Uint8Array> = {
  GZIP: () => Buffer.concat(times(32, gzipSync(zeros()))),
  ZSTD: () => Buffer.concat(times(32, zstdCompressSync(zeros()))),
  SNAPPY: () =>
    Buffer.concat([
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07, 0, 0),
      ...times(20_000, Uint8Array.of(0xfe, 1, 0)),
    ]),
  LZ4_RAW: () => Buffer.concat([Uint8Array.of(0x1f, 0, 1, 0), ...times(500_000, Uint8Array.of(0xff))]),
};
export type BombCodec = "GZIP" | "ZSTD" | "SNAPPY" | "LZ4_RAW";

/**
 * A Parquet file whose last column has a page that claims what a good one does, and unpacks to more than any memory here.
 * @param claimed that it says of itself instead
 */
export function pageBomb(codec: BombCodec, claimed?: bigint): Uint8Array {
  const rows = sampleRows(50, 4).map((row) => ({ ...row, note: `note ${row.doc_id}` }));
  const names = ["doc_id", "chunk_text", "vector", "note"];
  const properties = (builder: WriterPropertiesBuilder) => builder.setDictionaryEnabled(false);
  const good = parquetBytes(rows, { compression: Compression[codec], names, properties });
  const { pages } = anatomyOf(good);
  const page = pages.at(-1);
  if (!page) throw new Error("there is no page");
  const bomb = unpacked[codec]();
  const headed = withNumbers(good.subarray(page.header.start, page.header.end), page.header, {
    "3": BigInt(bomb.length),
    ...(claimed === undefined ? {} : { "2": claimed }),
  });
  const { footer } = anatomyOf(good);
  const grown = headed.length + bomb.length - (page.data.end - page.header.start);
  const chunk = "4.0.1.3.3";
  const stored = footer.numbers.find(({ path }) => path === `${chunk}.7`)?.value ?? 0n;
  const indexes = footer.numbers.filter(({ path }) => /^4\.0\.1\.\d\.[4-7]$/.test(path));
  const metadata = withNumbers(good.subarray(footer.start, footer.end), footer, {
    ...Object.fromEntries(indexes.map(({ path }) => [path, "left out"] as const)), // they tell the pages' sizes, too
    [`${chunk}.7`]: stored + BigInt(grown),
  });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(metadata.length);
  const between = good.subarray(page.data.end, footer.start);
  return Buffer.concat([
    good.subarray(0, page.header.start),
    headed,
    bomb,
    between,
    metadata,
    length,
    Buffer.from("PAR1"),
  ]);
}

/** Part of a file with other values of some of its numbers, by their paths. */
export function withNumbers(
  part: Uint8Array,
  { start, numbers }: { start: number; numbers: ThriftNumber[] },
  values: Record<string, bigint | "left out">,
): Uint8Array {
  let bytes = Buffer.from(part);
  for (const number of numbers.toReversed()) {
    const value = values[number.path];
    if (value === undefined) continue;
    const [from, to] = [number.start - start, number.end - start];
    if (value === "left out") {
      bytes = Buffer.concat([bytes.subarray(0, from - 1), bytes.subarray(to)]); // with its id before it
      continue;
    }
    const put = encodeNumber({ ...number, start: from }, bytes, value);
    bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)]);
  }
  return bytes;
}

/** The file with other bytes in a part of its footer. */
export function withFooterPart(file: Uint8Array, start: number, end: number, put: Uint8Array): Uint8Array {
  const { footer } = anatomyOf(file);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.end - footer.start + put.length - (end - start));
  return Buffer.concat([
    file.subarray(0, start),
    put,
    file.subarray(end, footer.end),
    length,
    Buffer.from("PAR1"),
  ]);
}
