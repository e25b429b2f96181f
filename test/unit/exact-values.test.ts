import fc from "fast-check";
import { expect, test } from "vitest";
import { decimalJson, decimalText, decimalTypeOf, unscaledOf } from "../../lib/domain/values/decimal.ts";
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

test.each([
  "2023-02-29",
  "1900-02-29",
  "2100-02-29",
  "2024-04-31",
  "2024-13-01",
  "2024-00-01",
  "2024-01-00",
  "2024-01-01T25:00",
  "2024-01-01T24:00:01",
  "2024-01-01T10:60",
  "2024-01-01T10:00:60",
  "2024-01-01T10:00+25:00",
  "2024-01-01T10:00+01:60",
  "20240101",
  "+2024-01-01",
])("%s is no instant", (text) => {
  expect(nanosecondsOf(text)).toBeUndefined();
});

test.each([
  ["2024-01-01T00:00-05:30", "2024-01-01T05:30Z"],
  ["2024-01-01T00:00+05:30", "2023-12-31T18:30Z"],
  ["2024-02-28T24:00", "2024-02-29"],
  ["2024-01-01t10:20:30.5z", "2024-01-01T10:20:30.500Z"],
])("%s is the same instant as %s", (text, other) => {
  expect(nanosecondsOf(text)).toBe(nanosecondsOf(other));
});

test.each([
  ["2000-02-28", "2000-02-29"],
  ["2000-02-29", "2000-03-01"],
  ["1900-02-28", "1900-03-01"],
  ["2399-12-31", "2400-01-01"],
  ["2400-02-29", "2400-03-01"],
  ["0000-02-29", "0000-03-01"],
])("the day after %s is %s", (day, next) => {
  const days = Number(daysOf(day));
  expect([isoDate(days), isoDate(days + 1)]).toEqual([day, next]);
});

test.each(["P", "PT", "P1M", "1s", "PT1.5", "P1DT", "PT1S ", "xPT1S"])("%s is no duration", (text) => {
  expect(countOf(text, "Duration<SECOND>")).toBeUndefined();
});

test.each([
  ["P1D", 86_400_000n],
  ["PT1H", 3_600_000n],
  ["PT1M", 60_000n],
  ["P1DT2H3M4.005S", 93_784_005n],
  ["-PT1M0.5S", -60_500n],
  ["PT0.0005S", undefined],
  ["PT9223372036854775.808S", undefined],
])("the duration %s is %s milliseconds", (text, count) => {
  expect(countOf(text, "Duration<MILLISECOND>")).toBe(count);
});

test.each(["25:00", "10:60", "10:00:60", "24:00:01", "1:00", "10:00:00.", "10:00Z", "x10:00"])(
  "%s is no time of day",
  (text) => {
    expect(countOf(text, "Time64<NANOSECOND>")).toBeUndefined();
  },
);

test.each([
  ["10:20", 37_200_000n],
  ["00:00:30", 30_000n],
  ["23:59:59.999", 86_399_999n],
  ["10:20:30.0005", undefined],
])("the time of day %s is %s milliseconds", (text, count) => {
  expect(countOf(text, "Time32<MILLISECOND>")).toBe(count);
});

test.each([1, true])("%s is no time of any kind", (value) => {
  for (const type of ["Timestamp<SECOND>", "Time32<SECOND>", "Duration<SECOND>"])
    expect(countOf(value, type)).toBeUndefined();
  expect(daysOf(value)).toBeUndefined();
});

test("a date has 32 bits", () => {
  const last = 2 ** 31 - 1;
  expect([isoDate(last), isoDate(last + 1), isoDate(-last - 1), isoDate(-last - 2)].map(daysOf)).toEqual([
    BigInt(last),
    undefined,
    BigInt(-last - 1),
    undefined,
  ]);
});

test("nothing is written without a sign", () => {
  expect([isoDuration(0n, 1_000n), isoTimeOfDay(0n, 1n), isoDate(0)]).toEqual([
    "PT0S",
    "00:00:00.000",
    "1970-01-01",
  ]);
  expect([decimalText(0n, 2), decimalText(-5n, 2), decimalText(5n, 0)]).toEqual(["0.00", "-0.05", "5"]);
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

test("of a wide decimal all that fits is held, and zeros never count as digits", () => {
  const type = { precision: 38, scale: 20 };
  for (const value of [
    "x",
    "true",
    0.1 + 0.2,
    2 ** 53 + 2,
    "1e18",
    "0.000000000000000000001",
    "1.2.3",
    "0x10",
  ])
    expect(unscaledOf(value, type), String(value)).toBeUndefined();
  const one = 10n ** 20n;
  for (const [value, unscaled] of [
    ["0.0000000000000000000000", 0n],
    ["0e-300", 0n],
    ["-0", 0n],
    ["000000000000000000000000000000000000000012", 12n * one],
    ["1.500000000000000000000000000000000000000", (3n * one) / 2n],
    [1e17, 10n ** 37n],
    [100_000_000_000_000_000, 10n ** 37n],
    [123_456_789_012_345, 123_456_789_012_345n * one],
    ["0.1e1", one],
    ["-25E-1", (-5n * one) / 2n],
  ] as const)
    expect(unscaledOf(value, type), String(value)).toBe(unscaled);
});

test("JSON has a decimal of 15 digits as a number, one of more as its text", () => {
  expect(decimalJson(123_456_789_012_345n, 2)).toBe(1_234_567_890_123.45);
  expect(decimalJson(-123_456_789_012_345n, 2)).toBe(-1_234_567_890_123.45);
  expect(decimalJson(1_234_567_890_123_456n, 2)).toBe("12345678901234.56");
  expect(decimalJson(10n ** 20n, 2)).toBe(10 ** 18);
});

test.each([
  ["Decimal[20e+2]", { precision: 20, scale: 2 }],
  ["Decimal[9e-12]", { precision: 9, scale: -12 }],
  ["Decimal[9e0]", { precision: 9, scale: 0 }],
  ["Decimal[76e+10]", { precision: 76, scale: 10 }],
  ["List<Decimal[9e+2]>", undefined],
  ["Utf8", undefined],
])("the type %s counts %o", (type, decimal) => {
  expect(decimalTypeOf(type)).toEqual(decimal);
});
