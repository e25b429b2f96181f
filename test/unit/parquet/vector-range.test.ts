import { expect, test } from "vitest";
import { refuseIncomparable } from "../../../lib/adapters/parquet/decoding/vector-values.ts";

/** Two vectors of two values, of which the second is so long. */
const values = (length: number) => Float32Array.of(1, 1, length, 0);
const isRefused = (length: number, refuseZeros: boolean) => {
  try {
    refuseIncomparable(values(length), 2, refuseZeros);
    return false;
  } catch (error) {
    expect(error).toMatchObject({
      row: 1,
      message: expect.stringMatching(/^the vector('s values are too|\b)/),
    });
    return true;
  }
};

test.each([1e-18, 1e-12, 1, 1e12, 1e17])("a vector of length %d is taken, by any metric", (length) => {
  expect([isRefused(length, false), isRefused(length, true)]).toEqual([false, false]);
});

test.each([1e-45, 1e-30, 1e-20, 2e18, 1e19, 3e38])("of length %d it is refused, by any metric", (length) => {
  expect([isRefused(length, false), isRefused(length, true)]).toEqual([true, true]);
});

test("no length at all has distances, but no direction", () => {
  expect([isRefused(0, false), isRefused(0, true)]).toEqual([false, true]);
});
