import { expect, test } from "vitest";
import { limits } from "../../../lib/config/limits.ts";
import type { DomainError } from "../../../lib/domain/errors.ts";
import { parseSearchRequest } from "../../../lib/domain/search/parse-search.ts";
import type { SearchedColumn } from "../../../lib/domain/text/column-issues.ts";
import { columnsOf, textPlan } from "../../../lib/domain/text/text-plan.ts";
import { type TextTree, textBoundIssues } from "../../../lib/domain/text/text-query.ts";

const issuesOf = (text: unknown) => {
  try {
    return parseSearchRequest({ text }) && [];
  } catch (error) {
    return (error as DomainError).issues;
  }
};

const cut = { stem: false, tokenizer: "simple" };
const title: SearchedColumn = { column: "title", positions: true, ...cut };
const body: SearchedColumn = { column: "body", positions: false, ...cut };
const part: SearchedColumn = { column: "part", positions: false, ...cut };

const unfit = (text: string | TextTree, columns = [title, body, part]) => {
  try {
    textPlan(text, columns);
    return [];
  } catch (error) {
    return (error as DomainError).issues;
  }
};

const nested = (levels: number): unknown =>
  levels === 1 ? { op: "match", query: "a" } : { op: "boolean", must: [nested(levels - 1)] };

test("a query of text is bounded in levels, nodes and characters before anything walks it", () => {
  expect(textBoundIssues(nested(limits.maxTextDepth))).toEqual([]);
  expect(textBoundIssues(nested(limits.maxTextDepth + 1))[0]?.message).toMatch("deeper than");
  expect(textBoundIssues(nested(5_000))[0]?.message).toMatch("deeper than");
  const wide = (count: number) => ({ op: "boolean", should: new Array(count).fill(nested(1)) });
  expect(textBoundIssues(wide(limits.maxTextNodes - 1))).toEqual([]);
  expect(textBoundIssues(wide(limits.maxTextNodes))[0]?.message).toMatch("nodes");
  const long = "a".repeat(limits.maxTextLength / 2);
  const two = (more: string) => ({
    op: "boost",
    positive: { query: long },
    negative: { query: long + more },
  });
  expect(textBoundIssues(two(""))).toEqual([]);
  expect(textBoundIssues(two("a"))[0]?.message).toMatch("characters");
  expect(unfit(`${long}${long}a`)[0]?.message).toMatch("characters");
});

test.each([
  [nested(9), "text"],
  ["", "text"],
  ["\ud800", "text"],
  [3, "text"],
  [{ op: "near", query: "a" }, "text.op"],
  [{ op: "match" }, "text.query"],
  [{ op: "prefix", query: "two words" }, "text.query"],
  [{ op: "prefix", query: "a", maxExpansions: 0 }, "text.maxExpansions"],
  [{ op: "prefix", query: "a", fuzziness: 1 }, "text.fuzziness"],
  [{ op: "match", query: "a", fuzziness: 3 }, "text.fuzziness"],
  [{ op: "match", query: "a", boost: -1 }, "text.boost"],
  [{ op: "match", query: "a", sloop: 1 }, "text.sloop"],
  [
    {
      op: "boolean",
      must: [
        { op: "match", query: "a" },
        { op: "phrase", query: 1 },
      ],
    },
    "text.must[1].query",
  ],
  [{ op: "boost", positive: { op: "match", query: "a" } }, "text.negative"],
])("a query of text that is none is refused where it is wrong: %j", (text, path) => {
  expect(issuesOf(text).map((issue) => issue.path)).toEqual([path]);
});

test("words alone are looked for in every full-text column", () => {
  const leaf = { op: "match", query: "some words", operator: "or", fuzziness: 0, prefixLength: 0, boost: 1 };
  const plan = textPlan("some words", [title, body]);
  expect(plan).toMatchObject({
    op: "boolean",
    should: [
      { ...leaf, column: "title" },
      { ...leaf, column: "body" },
    ],
  });
  expect(textPlan("some words", [body])).toMatchObject({ ...leaf, column: "body" });
  expect(columnsOf(plan)).toEqual(["title", "body"]);
});

test("a column's boost is multiplied with that of its words", () => {
  const plan = textPlan({ op: "match", query: "a", boost: 2, boosts: { title: 3 } }, [title, body]);
  expect(plan).toMatchObject({ should: [{ boost: 6 }, { boost: 2 }] });
});

test("words that are as fuzzy as they are long are told apart by their length, all of them or any", () => {
  const fuzzy = (operator: "and" | "or") =>
    textPlan({ op: "match", query: "of fox, foxes foxtrot", fuzziness: "auto", operator }, [title]);
  const leaves = [
    { query: "of", fuzziness: 0 },
    { query: "fox foxes", fuzziness: 1 },
    { query: "foxtrot", fuzziness: 2 },
  ];
  expect(fuzzy("or")).toMatchObject({ should: leaves, must: [] });
  expect(fuzzy("and")).toMatchObject({
    must: leaves.map((leaf) => ({ ...leaf, operator: "and" })),
    should: [],
  });
});

test.each<[string | TextTree, string, RegExp]>([
  [{ op: "match", query: "a", columns: ["title", "year"] }, "text.columns[1]", /there is: title, body, part/],
  [{ op: "match", query: "a", columns: ["body"], boosts: { title: 1 } }, "text.boosts.title", /none of/],
  [{ op: "phrase", query: "a b" }, "text.column", /must be one of: title, body, part/],
  [{ op: "phrase", query: "a b", column: "body" }, "text", /no positions.*positions: true/],
  [{ op: "phrase", query: "a b", column: "year" }, "text.column", /has no full text/],
  [{ op: "boolean", mustNot: [{ op: "match", query: "a" }] }, "text", /mustNot alone finds nothing/],
  [
    {
      op: "boolean",
      must: [{ op: "boost", positive: { op: "match", query: "a" }, negative: { op: "phrase", query: "b" } }],
    },
    "text.must[0].negative.column",
    /must be one of/,
  ],
  [{ op: "match", query: "abc ".repeat(11), fuzziness: 1 }, "text", /33 fuzzy words.*at most 32/],
  [
    { op: "match", query: "a".repeat(65), fuzziness: 1, columns: ["title"] },
    "text.query",
    /too long for fuzz/,
  ],
])("what does not fit the full text of an index is told: %j", (text, path, message) => {
  expect(unfit(text)).toEqual([{ path, message: expect.stringMatching(message) }]);
});

test("beginnings of words are looked for in columns that have their words as they are", () => {
  const prefix: TextTree = { op: "prefix", query: "inj", boost: 2 };
  const leaf = { op: "prefix", query: "inj", maxExpansions: limits.defaultTextExpansions, boost: 2 };
  expect(textPlan({ ...prefix, columns: ["body"] }, [title, body])).toEqual({ ...leaf, column: "body" });
  expect(textPlan(prefix, [title, body])).toMatchObject({
    should: [
      { ...leaf, column: "title" },
      { ...leaf, column: "body" },
    ],
  });
  const stems = { ...title, stem: true };
  expect(unfit(prefix, [body, stems])).toEqual([
    { path: "text.columns", message: expect.stringMatching(/^"title".*stems.*stem: false/) },
  ]);
  expect(unfit({ ...prefix, columns: ["body"] }, [body, stems])).toEqual([]);
  expect(unfit({ ...prefix, columns: ["title"] }, [{ ...title, tokenizer: "ngram" }])).toEqual([
    { path: "text.columns[0]", message: expect.stringMatching(/ngram.*match/) },
  ]);
  const many: TextTree = { op: "boolean", should: new Array(12).fill(prefix) };
  expect(unfit(many)).toEqual([{ path: "text", message: expect.stringMatching(/^has 36 .*prefixes/) }]);
});

test("an index without full text says what makes it", () => {
  expect(unfit("words", [])).toEqual([{ path: "text", message: expect.stringMatching("build-index job") }]);
});
