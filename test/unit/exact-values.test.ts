import fc from "fast-check";
import { expect, test } from "vitest";
import { widenedType, withoutNulls } from "../../lib/domain/values/column-types.ts";
import { decimalJson, decimalText, unscaledOf } from "../../lib/domain/values/decimal.ts";
import { countOf, daysOf } from "../../lib/domain/values/filter-types.ts";
import {
  isoDate,
  isoDuration,
  isoInstant,
  isoTimeOfDay,
  nanosecondsOf,
} from "../../lib/domain/values/instant.ts";

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const unit = fc.constantFrom("SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND");
const aSecond = { SECOND: 1n, MILLISECOND: 1_000n, MICROSECOND: 1_000_000n, NANOSECOND: 1_000_000_000n };
const through = (...args: Parameters<typeof fc.property>) =>
  fc.assert(fc.property(...args), { numRuns: 2_000 });

test("an instant of any unit and any year is read as it is written", () => {
  through(int64, unit, (count, of) => {
    expect(countOf(isoInstant(count as bigint, aSecond[of as "SECOND"]), `Timestamp<${of}>`)).toBe(count);
  });
});

test("instants and dates of four-digit years are those of JavaScript", () => {
  through(
    fc.date({ min: new Date("0000-01-01"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
    (date) => {
      const iso = (date as Date).toISOString();
      const ms = BigInt((date as Date).getTime());
      expect(isoInstant(ms, 1_000n)).toBe(iso);
      expect(nanosecondsOf(iso)).toBe(ms * 1_000_000n);
      expect(isoDate(Math.floor(Number(ms) / 86_400_000))).toBe(iso.slice(0, 10));
    },
  );
});

test("a date, a time of day and a duration are read as they are written", () => {
  through(fc.integer(), (days) => {
    expect(daysOf(isoDate(days as number))).toBe(BigInt(days as number));
  });
  through(fc.bigInt({ min: 0n, max: 86_399_999_999n }), (count) => {
    expect(countOf(isoTimeOfDay(count as bigint, 1_000_000n), "Time64<MICROSECOND>")).toBe(count);
  });
  through(int64, unit, (count, of) => {
    expect(countOf(isoDuration(count as bigint, aSecond[of as "SECOND"]), `Duration<${of}>`)).toBe(count);
  });
});

test.each(["2023-02-29", "2024-13-01", "2024-01-01T25:00", "2024-01-01T24:00:01", "20240101", "+2024-01-01"])(
  "%s is no instant",
  (text) => {
    expect(nanosecondsOf(text)).toBeUndefined();
  },
);

test.each(["P", "PT", "P1M", "1s", "PT1.5", "P1DT"])("%s is no duration", (text) => {
  expect(countOf(text, "Duration<SECOND>")).toBeUndefined();
});

test("a decimal is read as it is written, and what JSON shows of it, too", () => {
  const decimal = fc.integer({ min: 1, max: 76 }).chain((precision) => {
    const most = 10n ** BigInt(precision) - 1n;
    return fc.record({
      unscaled: fc.bigInt({ min: -most, max: most }),
      type: fc.record({ precision: fc.constant(precision), scale: fc.integer({ min: 0, max: precision }) }),
    });
  });
  fc.assert(
    fc.property(decimal, ({ unscaled, type }) => {
      expect(unscaledOf(decimalText(unscaled, type.scale), type)).toBe(unscaled);
      const json = JSON.parse(JSON.stringify(decimalJson(unscaled, type.scale)));
      expect(unscaledOf(json, type)).toBe(unscaled);
    }),
    { numRuns: 5_000 },
  );
});

test("a decimal that its column cannot hold is told apart, and a number that may have lost digits", () => {
  const type = { precision: 5, scale: 2 };
  for (const value of ["1000", "0.001", "1e3", 0.1 + 0.2, "x", "", "1e999", true])
    expect(unscaledOf(value, type), String(value)).toBeUndefined();
  expect(["999.99", "1e2", 1e-2, "-0.00", "+1.50"].map((value) => unscaledOf(value, type))).toEqual([
    99999n,
    10000n,
    1n,
    0n,
    150n,
  ]);
});

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
  ["Date32<DAY>", "Timestamp<SECOND>", undefined],
])("%s and %s widen to %s, in any order", (a, b, expected) => {
  expect([widenedType(a, b), widenedType(b, a)]).toEqual([expected, expected]);
});

test("what is null throughout becomes strings", () => {
  expect(["Null", "List<Null>", "Int8"].map(withoutNulls)).toEqual(["Utf8", "List<Utf8>", "Int8"]);
});
