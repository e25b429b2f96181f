import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import {
  answerBytes,
  hitsTooLarge,
  mostBytes,
  pageWithin,
  rowsWithin,
  widestColumn,
} from "../../lib/domain/answer-size.ts";

/** As the proxy integration's answer holds a body. */
const carried = (text: string) => Buffer.byteLength(JSON.stringify(text)) - 2;

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: "binary" }),
    fc.constantFrom("\0", '"\\"', "\ud800", "é", "😀", "\u2028"),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, false, -Number.MIN_VALUE, Number("-1.2345678901234567e-300")),
    fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
    fc.array(tie("any")).filter(([first]) => typeof first !== "number"), // columns hold lists of one type
    fc.dictionary(fc.string({ unit: "binary" }), tie("any"), { noNullPrototype: true }),
  ),
})).any;

test("no value takes more than is said, with the comma behind it", () => {
  fc.assert(
    fc.property(value, (one) => {
      expect(mostBytes(one)).toBeGreaterThanOrEqual(carried(JSON.stringify(one)) + 1);
    }),
    { numRuns: 1_000 },
  );
});

test("bytes are counted as Lambda carries them, where that decides", () => {
  for (const text of ['"'.repeat(3_000_000), '\\"é'.repeat(1_000_000), "😀".repeat(700_000)])
    expect(answerBytes(text)).toBe(carried(text));
  expect(answerBytes('"a"')).toBeLessThanOrEqual(limits.maxAnswerBytes);
});

const rowsOf = (count: number, row: object) => {
  let made = 0;
  const make = () => {
    made++;
    return row;
  };
  const rows = () => rowsWithin(count, make, (fit, one) => hitsTooLarge(count, fit, widestColumn(one)));
  return { rows, made: () => made };
};

test.each([
  ["a long text", { id: 1, text: "x".repeat(100_000) }],
  ["quotes", { id: 1, text: '"'.repeat(100_000) }],
  ["a vector", { id: 1, text: Array.from({ length: 5_000 }, (_, i) => i / 7) }],
])("as many rows with %s are made as fit, and one more", (_, row) => {
  const each = carried(JSON.stringify(row)) + 1;
  const fit = Math.floor((limits.maxAnswerBytes - limits.answerFrameBytes) / each);
  const all = rowsOf(fit, row);
  expect(all.rows()).toHaveLength(fit);
  expect(answerBytes(JSON.stringify({ hits: all.rows() }))).toBeLessThanOrEqual(limits.maxAnswerBytes);
  const more = rowsOf(1_000, row);
  expect(more.rows).toThrow(
    `of 1000 hits ${fit} fit into an answer of 5500000 bytes; ask for a k of at most ${fit}`,
  );
  expect(more.rows).toThrow('without "text"');
  expect(more.made()).toBe(2 * (fit + 1));
});

test("a page holds as many items as fit, one at least", () => {
  const items = Array.from({ length: 200 }, (_, i) => ({ name: `i${i}`, reasons: ["x".repeat(100_000)] }));
  const page = pageWithin(items);
  expect(page).toEqual(items.slice(0, page.length));
  expect(page.length).toBeGreaterThan(50);
  expect(answerBytes(JSON.stringify({ indexes: page, next: "n" }))).toBeLessThanOrEqual(
    limits.maxAnswerBytes,
  );
  expect(pageWithin(items.slice(0, 10))).toHaveLength(10);
  expect(pageWithin([{ name: "x".repeat(6_000_000), reasons: [] }, ...items])).toHaveLength(1);
});
