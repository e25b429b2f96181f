import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import {
  answerBytes,
  documentsTooLarge,
  hitsTooLarge,
  hitsWithVectors,
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

test("of the longest numbers a list takes all that is said, but a byte", () => {
  const longest = Array(768).fill(Number("-1.2345678901234567e-300"));
  expect(mostBytes(longest)).toBe(carried(JSON.stringify(longest)) + 2);
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

const room = limits.maxAnswerBytes - limits.answerFrameBytes;

test("a page is full to the last byte", () => {
  const each = carried(JSON.stringify({ name: "" })) + 1;
  const filling = (bytes: number) => ({ name: "x".repeat(bytes - each) });
  const [large, small] = [filling(room - 100), filling(100)];
  expect(pageWithin([large, small])).toEqual([large, small]);
  expect(pageWithin([large, filling(101)])).toEqual([large]);
  expect(pageWithin([])).toEqual([]);
});

test("rows are taken to the last byte", () => {
  const each = carried(JSON.stringify({ text: "" })) + 1;
  const filling = (bytes: number) => ({ text: "x".repeat(bytes - each) });
  const within = (...bytes: number[]) =>
    rowsWithin(
      bytes.length,
      (i) => filling(bytes[i] ?? 0),
      (fit) => hitsTooLarge(bytes.length, fit, "text"),
    );
  const [large, small] = [room - 1_000, 500];
  expect(within(large, small, small)).toHaveLength(3);
  expect(() => within(large, small, small + 1)).toThrow("of 3 hits 2 fit into an answer");
  expect(() => within(room + 1)).toThrow("of 1 hits 0 fit into an answer");
  expect(within()).toEqual([]);
});

test.each([2, 768, 16_384])(
  "hits with vectors of dimension %i surely fit, or may not at all",
  (dimension) => {
    const { atMost, surely } = hitsWithVectors(dimension);
    const bytesOf = (number: number) => carried(JSON.stringify(Array(dimension).fill(number))) - 1;
    expect(atMost * bytesOf(1)).toBeLessThanOrEqual(room);
    expect((atMost + 1) * bytesOf(1)).toBeGreaterThan(room - bytesOf(1));
    expect(surely * bytesOf(Number("-1.2345678901234567e-300"))).toBeLessThanOrEqual(room);
    expect(surely).toBeGreaterThan(atMost / 13);
    expect(surely).toBeLessThan(atMost);
  },
);

test("the widest column is the one that takes most, whatever it holds", () => {
  expect(widestColumn({ a: 1, b: "xxxxxxxxxxxx", c: null })).toBe("b");
  expect(widestColumn({ a: "x".repeat(20), b: Array(768).fill(0.1), c: { d: "y" } })).toBe("b");
  expect(widestColumn({ a: [1], b: { c: ["x".repeat(90), "y".repeat(90)] }, d: "z".repeat(120) })).toBe("b");
});

test.each([
  [documentsTooLarge(1, 0, "text"), /^the document does not fit.* without "text"$/],
  [documentsTooLarge(5, 3, "text"), /^of 5 documents 3 fit.* 3 at a time, .* without "text"$/],
  [documentsTooLarge(5, 0, "text"), /^of 5 documents 0 fit(?!.* 0 at a time)/],
  [hitsTooLarge(9, 4, "v"), /^of 9 hits 4 fit.* k of at most 4, .* without "v"$/],
  [hitsTooLarge(9, 0, "v"), /^of 9 hits 0 fit(?!.*at most 0)/],
])("what is too large says how many fit, and what to ask for: %s", (error, message) => {
  expect(error).toMatchObject({ kind: "AnswerTooLarge", message: expect.stringMatching(message) });
});
