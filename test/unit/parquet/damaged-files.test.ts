import fc from "fast-check";
import { expect, test } from "vitest";
import { DomainError } from "../../../lib/domain/errors.ts";
import { Compression, type Layout, parquetBytes, sampleRows } from "../../support/parquet-files.ts";
import { decodeFile } from "./decode-file.ts";

const layouts: Layout[] = ["list", "fixed_size_list", "binary"];
const codecs = [
  Compression.UNCOMPRESSED,
  Compression.SNAPPY,
  Compression.ZSTD,
  Compression.GZIP,
  Compression.LZ4_RAW,
];
const files = layouts.flatMap((layout) =>
  codecs.map((compression) => parquetBytes(sampleRows(40, 4), { layout, compression, rowGroupRows: 15 })),
);

const footerStart = (bytes: Uint8Array) =>
  bytes.length - 8 - new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true);

/** Where damage strikes is drawn as a fraction, so that it fits every file. */
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const strikes = fc.array(fc.record({ at: fraction, byte: fc.integer({ min: 0, max: 255 }) }), {
  minLength: 1,
  maxLength: 4,
});

type Damage = (bytes: Uint8Array) => Uint8Array;

/** Replaces bytes between two places. */
const overwrite =
  (from: (bytes: Uint8Array) => number, to: (bytes: Uint8Array) => number) =>
  (hits: { at: number; byte: number }[]): Damage =>
  (bytes) => {
    const damaged = bytes.slice();
    const [start, end] = [from(bytes), to(bytes)];
    for (const { at, byte } of hits) damaged[start + Math.floor(at * (end - start))] = byte;
    return damaged;
  };

const data = strikes.map(overwrite(() => 4, footerStart));
const footer = strikes.map(overwrite(footerStart, (bytes) => bytes.length));
const cut = fraction.map(
  (at): Damage =>
    (bytes) =>
      bytes.slice(0, Math.floor(at * bytes.length)),
);
const footerLength = fc
  .oneof(fc.nat(4_000), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
  .map((length): Damage => {
    return (bytes) => {
      const damaged = bytes.slice();
      new DataView(damaged.buffer).setUint32(damaged.length - 8, length, true);
      return damaged;
    };
  });
const variant = fc
  .tuple(
    fc.constantFrom(...files),
    fc.oneof({ weight: 4, arbitrary: data }, { weight: 4, arbitrary: footer }, cut, footerLength),
  )
  .map(([bytes, damage]) => damage(bytes));

test("the files are good before they are damaged", async () => {
  for (const bytes of files.slice(0, 3)) expect(await decodeFile(bytes)).toHaveLength(1);
});

test("a damaged file is refused as such or read: no hang, no crash, no other error", async () => {
  let refused = 0;
  const tried = fc.asyncProperty(fc.array(variant, { minLength: 4, maxLength: 4 }), async (variants) => {
    const outcomes = await Promise.allSettled(variants.map((bytes) => decodeFile(bytes)));
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      refused++;
      expect(outcome.reason).toBeInstanceOf(DomainError);
      expect(["SourceInvalid", "DeadlineExceeded"]).toContain(outcome.reason.kind);
      expect(outcome.reason.message).toMatch(/^f[:,]/);
      expect(outcome.reason.issues).toHaveLength(1);
    }
  });
  await fc.assert(tried, { numRuns: 55, endOnFailure: true });
  expect(refused).toBeGreaterThan(50);
}, 480_000); // a fault ends its thread, and each takes a while to start
