import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../../lib/config/limits.ts";
import { haveSameStart, isWithinEdits } from "../../../lib/domain/text/highlights/edit-distance.ts";
import { fragmentsOf } from "../../../lib/domain/text/highlights/fragments.ts";
import { apart } from "../../../lib/domain/text/highlights/mark.ts";
import { placesOf } from "../../../lib/domain/text/highlights/marked-words.ts";

const unit = fc.constantFrom("a", "b", "é", " ", "\n", "🦊", "研", "\ud800", "word ");
const text = fc.array(unit, { minLength: 1, maxLength: 400 }).map((units) => units.join(""));
const marked = text.chain((stored) =>
  fc.record({
    stored: fc.constant(stored),
    marks: fc.array(
      fc
        .record({ at: fc.nat(Math.max(0, stored.length - 1)), length: fc.integer({ min: 1, max: 60 }) })
        .map(({ at, length }) => ({ start: at, end: Math.min(stored.length, at + length), word: at % 5 }))
        .filter(({ start, end }) => end > start && !/[\udc00-\udfff]/.test(stored[start] ?? "")),
      { maxLength: 80 },
    ),
    asked: fc.record({
      fragments: fc.integer({ min: 1, max: limits.maxHighlightFragments }),
      fragmentLength: fc.integer({ min: limits.minFragmentLength, max: limits.maxFragmentLength }),
    }),
  }),
);

test("fragments are parts of the text, in order, none over another, with what is marked in them", () => {
  const holds = ({ stored, marks, asked }: typeof marked extends fc.Arbitrary<infer T> ? T : never) => {
    const kept = apart(marks, limits.maxHighlightMarks);
    const fragments = fragmentsOf(stored, kept, asked);
    expect(fragments.length).toBeLessThanOrEqual(asked.fragments);
    expect(fragments.length > 0).toBe(kept.length > 0);
    let behind = 0;
    for (const { text: part, start, matches } of fragments) {
      expect(start).toBeGreaterThanOrEqual(behind);
      behind = start + part.length;
      expect(stored.slice(start, behind)).toBe(part);
      expect(part.length).toBeLessThanOrEqual(asked.fragmentLength);
      expect(matches.length).toBeGreaterThan(0);
      let last = 0;
      for (const { start: from, end } of matches) {
        expect(from).toBeGreaterThanOrEqual(last);
        expect(end).toBeGreaterThan(from);
        last = end;
        const mark = kept.find((one) => one.start === start + from);
        expect(Math.min(mark?.end ?? -1, behind)).toBe(start + end);
      }
      expect(last).toBeLessThanOrEqual(part.length);
    }
  };
  fc.assert(fc.property(marked, holds), { numRuns: 2_000 });
});

test("the fragment with most different words comes before one with more of the same", () => {
  const stored = `${"fox fox fox fox ".padEnd(300, ".")} fox dog`;
  const places = placesOf(stored, ["fox", "fox", "fox", "fox", "fox", "dog"]);
  const marks = places.flatMap((place, i) => (place ? [{ ...place, word: i < 5 ? 0 : 1 }] : []));
  const [only] = fragmentsOf(stored, marks, { fragments: 1, fragmentLength: 40 });
  expect(only?.text.endsWith("fox dog")).toBe(true);
  expect(only?.matches).toHaveLength(2);
});

/** Wagner and Fischer's table, whole. */
function distance(one: string[], two: string[]): number {
  const table = Array.from({ length: one.length + 1 }, (_, i) =>
    Array.from({ length: two.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number) => table[i]?.[j] ?? 0;
  for (let i = 1; i <= one.length; i++)
    for (let j = 1; j <= two.length; j++) {
      const changed = at(i - 1, j - 1) + (one[i - 1] === two[j - 1] ? 0 : 1);
      (table[i] as number[])[j] = Math.min(changed, at(i - 1, j) + 1, at(i, j - 1) + 1);
    }
  return at(one.length, two.length);
}

test("words are so many edits apart as the whole table says", () => {
  const word = fc.array(fc.constantFrom("a", "b", "é", "🦊"), { maxLength: 7 });
  const holds = (one: string[], two: string[]) => {
    for (const most of [0, 1, 2])
      expect(isWithinEdits(one.join(""), two.join(""), most)).toBe(distance(one, two) <= most);
  };
  fc.assert(fc.property(word, word, holds), { numRuns: 2_000 });
});

test("a start is counted in letters, and no longer than the word", () => {
  expect(haveSameStart("мир", "мор", 1)).toBe(true);
  expect(haveSameStart("мир", "лир", 1)).toBe(false);
  expect(haveSameStart("🦊a", "🦊b", 1)).toBe(true);
  expect(haveSameStart("ab", "abc", 9)).toBe(true);
  expect(haveSameStart("abc", "ab", 9)).toBe(false);
});
