import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import "../../lib/adapters/arrow/byte-order-marks.ts";
import { documentTable } from "../../lib/adapters/arrow/document-table.ts";
import { typeNamed } from "../../lib/adapters/arrow/stored-types.ts";
import { jsonRows } from "../../lib/adapters/lance/rows/json-values.ts";
import { decimalTypeOf } from "../../lib/domain/values/decimal.ts";
import { kindOf } from "../../lib/domain/values/filter-types.ts";
import { type StoredValue, storedForm, storedValue } from "../../lib/domain/values/stored-value.ts";

/** Those of docs/columns.md, and of other widths and units. */
const types = [
  ...new Set([
    ...readFileSync(join(import.meta.dirname, "../../docs/columns.md"), "utf8")
      .split("\n")
      .map((line) => /`([^`]+)`/.exec(line.split("|")[2] ?? "")?.[1] ?? "")
      .filter((type) => typeNamed(type)),
    ...["Int16", "Int32", "Uint8", "Uint16", "Uint32", "Timestamp<SECOND>", "Time32<SECOND>"],
    ...[
      "Duration<SECOND>",
      "Duration<MILLISECOND>",
      "Decimal[38e+0]",
      "Decimal[39e+39]",
      "List<Utf8>",
      "List<Binary>",
    ],
    ...[
      "List<Bool>",
      "List<Decimal[76e+20]>",
      "FixedSizeList[3]<Float32>",
      "FixedSizeList[2]<Float64>",
      "FixedSizeList[1]<Int64>",
      "List<Uint64>",
    ],
  ]),
];

/** As JSON has what a column of this type shows of these values, row by row. */
function shown(type: string, values: StoredValue[]): unknown[] {
  const table = documentTable({ columns: [{ name: "c", type }], rows: values.map((value) => [value]) });
  return JSON.parse(JSON.stringify(jsonRows(table, ["c"]))).map(({ c }: { c: unknown }) => c);
}

const bigint = (min: bigint, max: bigint) => fc.bigInt({ min, max });
const signed = (bits: number) => bigint(-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n);
const unsigned = (bits: number) => bigint(0n, 2n ** BigInt(bits) - 1n);
const secondsADay = 86_400n;
const aSecond: Record<string, bigint> = {
  SECOND: 1n,
  MILLISECOND: 1_000n,
  MICROSECOND: 1_000_000n,
  NANOSECOND: 1_000_000_000n,
};

/** Any value that a column of this type holds; nothing tells a zero's sign in JSON. */
function held(type: string): fc.Arbitrary<StoredValue> {
  const [, size, item] = /^(?:List|FixedSizeList\[(\d+)\])<(.+)>$/.exec(type) ?? [];
  if (item) {
    const length = size === undefined ? {} : { minLength: Number(size), maxLength: Number(size) };
    return fc.array(fc.option(held(item), { freq: 4 }), { maxLength: 4, ...length });
  }
  if (type === "Binary") return fc.uint8Array();
  const bits = Number(/\d+/.exec(type)?.[0]);
  switch (kindOf(type)) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return type.startsWith("U") ? unsigned(bits) : signed(bits);
    case "number":
      return (bits === 32 ? fc.float() : fc.double()).map((value) => (value === 0 ? 0 : value));
    case "decimal": {
      const most = 10n ** BigInt(decimalTypeOf(type)?.precision ?? 0) - 1n;
      return bigint(-most, most);
    }
    case "date":
      return signed(32);
    case "time":
      return bigint(0n, secondsADay * (aSecond[/<(\w+)>/.exec(type)?.[1] ?? ""] ?? 1n) - 1n);
    case "timestamp":
    case "duration":
      return signed(64);
    default:
      return fc.string({ unit: "binary" });
  }
}

describe.each(types)("%s", (type) => {
  test("what is shown of a document is taken back as the same value", () => {
    fc.assert(
      fc.property(fc.array(fc.option(held(type), { freq: 6 }), { maxLength: 20 }), (values) => {
        expect(shown(type, values).map((value) => storedValue(value, type))).toEqual(values);
      }),
      { numRuns: 100 },
    );
  });

  test("whatever is sent is refused in words, or is stored and shown as what it was taken for", () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const stored = storedValue(value, type);
        expect(storedForm(type)).toMatch(/\w/);
        if (stored === undefined) return;
        const [first] = shown(type, [stored]);
        const again = storedValue(first, type);
        expect(again).toBeDefined();
        expect(shown(type, [again as StoredValue])).toEqual([first]);
      }),
      { numRuns: 300 },
    );
  });
});

const odd = fc.constantFrom<unknown>(
  ...[
    "NaN",
    "Infinity",
    "-Infinity",
    "nan",
    "1e5",
    "0x10",
    " 1",
    "1 ",
    "-0",
    "",
    "+1",
    "00000000000000000000001",
  ],
  ...[
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "0.1",
    "1e-400",
    "1e400",
    "9".repeat(500),
  ],
  ...[
    "2024-02-30",
    "2024-02-29",
    "2024-02-29T24:00:00",
    "0000-01-01",
    "+999999999999-01-01",
    "24:00",
    "23:59:60",
  ],
  ...[
    "P",
    "PT",
    "P1D",
    "PT0.0000000001S",
    "PT99999999999999999999S",
    "AA==",
    "AA=",
    "AAB=",
    "A",
    "\ud800",
    "\ufeff",
    "\0",
  ],
  ...[
    2 ** 53,
    -(2 ** 53),
    2 ** 53 - 1,
    1e308,
    1e39,
    1e-320,
    0.1,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    128,
    255,
  ],
);
const hostile = fc.oneof(
  odd,
  fc.array(fc.oneof(odd, fc.constant(null)), { maxLength: 3 }),
  fc.jsonValue(),
  fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: true }),
);
