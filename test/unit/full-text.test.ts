import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import {
  askedFullText,
  resolvedFullText,
  stillThere,
  textIndexesOf,
} from "../../lib/domain/text/full-text.ts";
import { languageOf } from "../../lib/domain/text/languages.ts";

const columns = [
  { name: "title", type: "Utf8" },
  { name: "body", type: "LargeUtf8" },
  { name: "year", type: "Int32" },
  { name: "tags", type: "List<Utf8>" },
];

const resolved = (...asked: object[]) => resolvedFullText(askedFullText.parse(asked), columns);

test("what was not told is decided by the language, whether told as a code or by its name", () => {
  const german = { column: "body", tokenizer: "simple", stem: true, stopWords: true, positions: true };
  for (const language of ["de", "DE", "de-AT", "German", " german"])
    expect(resolved({ column: "body", language })).toEqual([{ ...german, language: "de" }]);
  const words = { tokenizer: "icu/split", stem: false, stopWords: false };
  expect(resolved({ column: "body", language: "zh-Hans" })).toMatchObject([{ ...words, language: "zh" }]);
  expect(resolved({ column: "body", language: "Japanese" })).toMatchObject([{ ...words, language: "ja" }]);
  expect(resolved({ column: "body", language: "ta" })).toMatchObject([
    { tokenizer: "icu/split", stem: true },
  ]);
  expect(resolved({ column: "body" })).toMatchObject([{ ...words, language: null }]);
});

test("a language that is not known is cut into pieces, and keeps its name", () => {
  expect(resolved({ column: "body", language: "Klingon" })).toMatchObject([
    { tokenizer: "ngram", stem: false, stopWords: false, language: "Klingon" },
  ]);
  expect(languageOf("Klingon")).toBeUndefined();
  expect(languageOf("nb")?.name).toBe("Norwegian");
});

test("what was told is kept", () => {
  const asked = {
    column: "title",
    language: "en",
    stem: false,
    stopWords: ["a"],
    positions: false,
    tokenizer: "simple",
  };
  expect(resolved(asked)).toEqual([asked]);
  expect(resolved({ column: "title", language: "en", tokenizer: "ngram" })).toMatchObject([
    { tokenizer: "ngram", stem: false, stopWords: false },
  ]);
});

test("what is no column of strings, or has no stems or stop words, is refused by its place, with what is right", () => {
  const asked = [
    { column: "year" },
    { column: "tags" },
    { column: "nope" },
    { column: "title", language: "ja", stem: true },
    { column: "body", stopWords: true },
  ];
  expect(() => resolved(...asked)).toThrow(
    expect.objectContaining({
      kind: "IndexParametersInvalid",
      issues: [
        ...["year", "tags", "nope"].map((name, i) => ({
          path: `fullText[${i}].column`,
          message: `"${name}" holds no strings; these do: title, body`,
        })),
        {
          path: "fullText[3].stem",
          message: expect.stringMatching(/needs a language.*: ar, da, de, el, en, es/),
        },
        {
          path: "fullText[4].stopWords",
          message: expect.stringMatching(/needs a language.*or list the words/),
        },
      ],
    }),
  );
});

test("a column twice, too many of them and tokenizers that there are not are refused", () => {
  const issuesOf = (asked: object[]) => askedFullText.safeParse(asked).error?.issues ?? [];
  expect(issuesOf([{ column: "a" }, { column: "b" }, { column: "a" }])).toMatchObject([
    { path: [2, "column"] },
  ]);
  const many = Array.from({ length: limits.maxTextColumns + 1 }, (_, i) => ({ column: `c${i}` }));
  expect(issuesOf(many)).toHaveLength(1);
  expect(issuesOf(many.slice(1))).toEqual([]);
  expect(issuesOf([{ column: "a", tokenizer: "jieba" }])).toMatchObject([{ path: [0, "tokenizer"] }]);
  expect(issuesOf([{ column: "a", more: 1 }])).toHaveLength(1);
});

test("what an earlier release has published is known by what its job asked for, but for columns that are gone", () => {
  const [title, body] = resolved({ column: "title" }, { column: "body" });
  if (!title || !body) throw new Error("there are two");
  expect(textIndexesOf({})).toEqual([]);
  expect(textIndexesOf({ asked: { fullText: [title] } })).toEqual([title]);
  expect(textIndexesOf({ fullText: [], asked: { fullText: [title] } })).toEqual([]);
  expect(stillThere([title, body], columns.slice(1))).toEqual([body]);
  expect(stillThere([title], [{ name: "title", type: "Int32" }])).toEqual([]);
});
