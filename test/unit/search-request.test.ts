import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import { selectParameter } from "../../lib/domain/search/fetch-request.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { noSeveralVectors } from "../../lib/domain/values/several-vectors.ts";

const issuesOf = (body: unknown) => {
  try {
    return parseSearchRequest(body) && [];
  } catch (error) {
    return (error as DomainError).issues;
  }
};

test.each([
  ["1,2", "must be an array of numbers"],
  [undefined, "must be an array of numbers, or docId or text be given"],
  [[], "must hold at least one number"],
  [
    [
      [1, 2],
      [3, 4],
    ],
    noSeveralVectors,
  ],
  [
    new Array(limits.maxDimension + 1).fill(1),
    `has ${limits.maxDimension + 1} numbers, at most ${limits.maxDimension}`,
  ],
])("what is no vector is refused with what is wrong of it", (vector, message) => {
  expect(issuesOf({ vector })).toEqual([{ path: "vector", message }]);
});

const reranked = { text: "a", rerank: { provider: "b", column: "c" } };

test.each([
  [{ docId: "a", vector: [1] }, "docId", "is in place of a vector; send one of them"],
  [{ vector: [1], includeSelf: true }, "includeSelf", "is for docId"],
  [{ vector: [1], legs: ["text"] }, "legs[0]", "takes a text"],
  [
    { text: { op: "match", query: "a" }, legs: ["vector"] },
    "legs[0]",
    "takes a vector, a docId or a text that is a string",
  ],
  [{ text: { op: "match", query: "a" }, nprobes: 3 }, "nprobes", "is for searches by vector"],
  [{ text: { op: "match", query: "a" }, hybrid: {} }, "hybrid", "is for searches by both vector and text"],
  [
    { text: "a", docId: "b", legs: ["text"], hybrid: {} },
    "hybrid",
    "is for searches by both vector and text",
  ],
  [{ text: "a", vector: [1], hybrid: { candidates: 9 } }, "hybrid.candidates", "must be at least k, 10"],
  [{ text: "a", vector: [1], hybrid: { fusion: "weighted", rrfK: 1 } }, "hybrid.rrfK", "is for fusion rrf"],
  [
    { ...reranked, offset: 0 },
    "offset",
    "is for hits as they are found: a reranker orders its candidates alone",
  ],
  [
    { ...reranked, cursor: "a" },
    "cursor",
    "is for hits as they are found: a reranker orders its candidates alone",
  ],
  [{ vector: [1], k: 3, groupBy: { column: "a" } }, "k", "is groupBy.limit and groupBy.size here"],
  [{ vector: [1], offset: 0, groupBy: { column: "a" } }, "offset", "is not for hits in groups"],
  [{ vector: [1], cursor: "a", groupBy: { column: "a" } }, "cursor", "is not for hits in groups"],
  [
    { text: "a", vector: [1], hybrid: { candidates: 29 }, groupBy: { column: "a" } },
    "hybrid.candidates",
    "must be at least groupBy.limit times groupBy.size, 30",
  ],
  [{ vector: [1], exact: true, nprobes: 3 }, "nprobes", "is for an index, which exact does without"],
])("what does not go together is refused: %j", (body, path, message) => {
  expect(issuesOf(body)).toEqual([{ path, message }]);
});

test("a vector is as long as the limit at most", () => {
  expect(parseSearchRequest({ vector: new Array(limits.maxDimension).fill(1) }).vector).toHaveLength(
    limits.maxDimension,
  );
});

test("the first numbers of a vector that are none are named, the others counted", () => {
  const named = Array.from({ length: limits.maxIssues }, (_, i) => ({
    path: `vector[${i}]`,
    message: "must be a finite number",
  }));
  expect(issuesOf({ vector: new Array(limits.maxIssues).fill("x") })).toEqual(named);
  const others = { path: "vector", message: "4 more of its numbers are not finite" };
  expect(issuesOf({ vector: new Array(limits.maxIssues + 3).fill("x") })).toEqual([
    ...named.slice(0, -1),
    others,
  ]);
  const [number, k] = issuesOf({ vector: [1, "x"], k: 0 });
  expect([number?.path, k?.path]).toEqual(["vector[1]", "k"]);
});

test.each([null, undefined, 1, "x", []])("a body that is no object is refused: %j", (body) => {
  expect(issuesOf(body)).toHaveLength(1);
});

test("a filter that is out of bounds is told beside what else is wrong, and looked at no further", () => {
  const filters = new Array(100).fill({ op: "unknown" });
  expect(issuesOf({ vector: [], filter: { op: "or", filters } }).map(({ path }) => path)).toEqual([
    "filter",
    "vector",
  ]);
  expect(issuesOf({ vector: [1], filter: { op: "or", filters } })).toHaveLength(1);
});

const selected = (text: string) => selectParameter.safeParse(text);

test.each([
  ["a", ["a"]],
  ["a,b", ["a", "b"]],
  ["a b,[c]", ["a b", "[c]"]],
  ['["a,b","c"]', ["a,b", "c"]],
  ['["[a"]', ["[a"]],
])("?select=%s names %j", (text, names) => {
  expect(selected(text)).toMatchObject({ data: names });
});

test.each([
  ["[a,b", "what begins with [ must be a JSON array of names"],
  ["[1]", "expected string"],
  ["[]x", "what begins with [ must be a JSON array of names"],
])("?select=%s is refused", (text, message) => {
  expect(selected(text).error?.issues.map((issue) => issue.message)).toEqual([
    expect.stringContaining(message),
  ]);
});

test.each([
  ["", "must hold a word"],
  [" \t", "must hold a word"],
  ["\ud800", "must be well-formed Unicode"],
  ...[null, 5, [], true].map((text) => [
    text,
    'must be a string of words, or a tree of them such as {"op": "match", "query": "quick foxes"}',
  ]),
])("text that is %j is refused with what it has to be", (text, message) => {
  expect(issuesOf({ text })).toEqual([{ path: "text", message }]);
});
