import { expect, test } from "vitest";
import { widenedType, withoutNulls } from "../../lib/domain/values/column-types.ts";

test.each([
  ["Null", "Utf8", "Utf8"],
  ["List<Null>", "List<Float64>", "List<Float64>"],
  ["Uint8", "Int8", "Int16"],
  ["Uint32", "Int32", "Int64"],
  ["Uint64", "Int8", undefined],
  ["Int16", "Float32", "Float32"],
  ["Int32", "Float32", "Float64"],
  ["Uint32", "Float64", "Float64"],
  ["Int64", "Float32", undefined],
  ["Decimal[9e+2]", "Decimal[5e+4]", "Decimal[11e+4]"],
  ["Decimal[5e+4]", "Int64", "Decimal[23e+4]"],
  ["Decimal[76e+2]", "Decimal[76e+4]", undefined],
  ["Time32<MILLISECOND>", "Time64<NANOSECOND>", "Time64<NANOSECOND>"],
  ["Duration<SECOND>", "Duration<MILLISECOND>", "Duration<MILLISECOND>"],
  ["Duration<SECOND>", "Time32<SECOND>", undefined],
  ["FixedSizeList[2]<Int32>", "FixedSizeList[3]<Int64>", "List<Int64>"],
  ["FixedSizeList[2]<Int32>", "FixedSizeList[2]<Int64>", "FixedSizeList[2]<Int64>"],
  ["Bool", "Int8", undefined],
  ["Uint8", "Uint16", "Uint16"],
  ["Uint32", "Uint64", "Uint64"],
  ["Int8", "Int64", "Int64"],
  ["Float32", "Float64", "Float64"],
  ["Float32", "Uint16", "Float32"],
  ["Float32", "Uint32", "Float64"],
  ["Float64", "Int64", undefined],
  ["Float64", "Decimal[5e+2]", undefined],
  ["Float64", "Utf8", undefined],
  ["Int8", "Utf8", undefined],
  ["Decimal[5e+2]", "Utf8", undefined],
  ["Decimal[3e0]", "Uint8", "Decimal[3e0]"],
  ["Decimal[5e0]", "Decimal[9e0]", "Decimal[9e0]"],
  ["Decimal[74e+2]", "Decimal[74e+4]", "Decimal[76e+4]"],
  ["Time32<SECOND>", "Time32<MILLISECOND>", "Time32<MILLISECOND>"],
  ["Time32<SECOND>", "Time64<MICROSECOND>", "Time64<MICROSECOND>"],
  ["Timestamp<SECOND>", "Timestamp<MICROSECOND>", "Timestamp<MICROSECOND>"],
  ["Timestamp<SECOND, UTC>", "Timestamp<MICROSECOND, UTC>", "Timestamp<MICROSECOND, UTC>"],
  ["Timestamp<SECOND, UTC>", "Timestamp<SECOND, Europe/Berlin>", "Timestamp<SECOND, UTC>"],
  ["Timestamp<SECOND, Asia/Tokyo>", "Timestamp<SECOND, Europe/Berlin>", "Timestamp<SECOND, UTC>"],
  [
    "Timestamp<SECOND, Asia/Tokyo>",
    "Timestamp<MILLISECOND, Asia/Tokyo>",
    "Timestamp<MILLISECOND, Asia/Tokyo>",
  ],
  ["Timestamp<SECOND>", "Timestamp<SECOND, UTC>", undefined],
  ["Utf8", "Binary", "Utf8"],
  ["Binary", "Int8", undefined],
  ["Utf8", "Bool", undefined],
  ["List<Int8>", "Int8", undefined],
  ["List<Utf8>", "List<Int8>", undefined],
  ["List<List<Int8>>", "List<FixedSizeList[2]<Int16>>", "List<List<Int16>>"],
  ["FixedSizeList[768]<Float32>", "FixedSizeList[768]<Float64>", "FixedSizeList[768]<Float64>"],
  ["Date32<DAY>", "Timestamp<SECOND>", undefined],
])("%s and %s widen to %s, in any order", (a, b, expected) => {
  expect([widenedType(a, b), widenedType(b, a)]).toEqual([expected, expected]);
});

test("what is null throughout becomes strings", () => {
  expect(["Null", "List<Null>", "Int8"].map(withoutNulls)).toEqual(["Utf8", "List<Utf8>", "Int8"]);
});
