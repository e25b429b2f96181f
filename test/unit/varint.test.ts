import fc from "fast-check";
import { expect, test } from "vitest";
import { readVarint } from "../../lib/adapters/varint.ts";

const written = (value: number): Uint8Array => {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Uint8Array.of(...bytes, left);
};

test("numbers up to 2^53 are read as they were written, and the cursor stands behind them", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(Number.MAX_SAFE_INTEGER), { minLength: 1 }), (values) => {
      const bytes = Buffer.concat(values.map(written));
      const cursor = { at: 0 };
      expect(values.map(() => readVarint(bytes, cursor))).toEqual(values);
      expect(cursor.at).toBe(bytes.length);
    }),
  );
});

test.each([
  ["that the bytes end in", [0x80, 0x80], 10],
  ["that is not there", [], 10],
  ["of more bytes than it may have", [0x80, 0x80, 1], 2],
])("a number %s is an error", (_, bytes, most) => {
  expect(() => readVarint(Uint8Array.of(...bytes), { at: 0 }, most)).toThrow("a number does not end");
});
