import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkBytes } from "../../../lib/adapters/parquet/pages/chunk-bytes.ts";
import { limits } from "../../../lib/config/limits.ts";
import { rangesOf } from "../../support/ranges-of.ts";

const size = 5 * limits.chunkRangeBytes + 1_000;
const file = Uint8Array.from({ length: size }, (_, at) => at % 251);

/** How far on the next bytes begin, and how many. */
const asked = fc.record({
  step: fc.oneof(fc.constant(0), fc.nat(100_000), fc.nat(2 * limits.chunkRangeBytes)),
  length: fc.oneof(fc.nat(10), fc.nat(1_000_000), fc.nat(2 * limits.chunkRangeBytes)),
});

test("bytes are those of the file, wherever the ranges that are read end", async () => {
  const tried = fc.asyncProperty(fc.nat(100), fc.array(asked, { maxLength: 20 }), async (first, all) => {
    const bytes = new ChunkBytes(rangesOf(file), size);
    let start = first;
    for (const { step, length } of all) {
      start += step;
      if (start + length > size) break;
      const found = await bytes.at(start, length);
      expect(Buffer.compare(found, file.subarray(start, start + length))).toBe(0);
    }
  });
  await fc.assert(tried, { numRuns: 60 });
}, 60_000);

test("bytes after the chunk are not read", async () => {
  const bytes = new ChunkBytes(rangesOf(file), 100);
  await expect(bytes.at(90, 11)).rejects.toThrow("ends after its column chunk");
  expect(await bytes.at(90, 10)).toHaveLength(10);
});

test("a file that is shorter than its metadata says is told, not waited for", async () => {
  const bytes = new ChunkBytes(rangesOf(new Uint8Array()), 100);
  await expect(bytes.at(0, 10)).rejects.toThrow("the file is shorter");
});
