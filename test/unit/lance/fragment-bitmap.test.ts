import fc from "fast-check";
import { expect, test } from "vitest";
import { fragmentsInBitmap } from "../../../lib/adapters/lance/files/fragment-bitmap.ts";

/** Numbers of two bytes each, the lower first. */
const shorts = (...values: number[]) => Buffer.from(new Uint16Array(values).buffer);
const longs = (...values: number[]) => Buffer.from(new Uint32Array(values).buffer);
const read = (...parts: Buffer[]) => [...fragmentsInBitmap(Buffer.concat(parts))];

test("few fragments are listed one by one, beyond 65,535, too", () => {
  const header = [longs(12_346, 2), shorts(0, 2, 1, 0), longs(24, 30)];
  expect(read(...header, shorts(0, 5, 9), shorts(3))).toEqual([0, 5, 9, 65_539]);
  expect(read(longs(12_346, 0))).toEqual([]);
});

test("many are bits", () => {
  const bits = Buffer.alloc(8_192);
  for (let id = 0; id < 5_000; id++) bits[id >> 3] = (bits[id >> 3] ?? 0) | (1 << (id & 7));
  const found = read(longs(12_346, 1), shorts(0, 4_999), longs(16), bits);
  expect(found).toEqual(Array.from({ length: 5_000 }, (_, id) => id));
});

test("those that follow each other are runs, in few parts without and in many with their places", () => {
  expect(read(longs(12_347), Buffer.from([1]), shorts(0, 3), shorts(2, 4, 1, 9, 1))).toEqual([4, 5, 9, 10]);
  const parts = [0, 1, 2, 3];
  const header = [
    longs(12_347 | (3 << 16)),
    Buffer.from([0b1111]),
    shorts(...parts.flatMap((at) => [at, 0])),
  ];
  const runs = parts.map((at) => shorts(1, at, 0));
  expect(read(...header, longs(0, 0, 0, 0), ...runs)).toEqual(parts.map((at) => at * 65_536 + at));
});

test("what is no bitmap, or ends too early, is refused", () => {
  expect(() => read(longs(1, 0))).toThrow("no bitmap");
  expect(() => read(longs(12_346, 1))).toThrow(RangeError);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(() => fragmentsInBitmap(bytes)).toThrow();
    }),
  );
});
