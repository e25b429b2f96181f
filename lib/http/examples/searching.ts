import { articles, type Examples, notes } from "./example.ts";

const vector = [0.1, 0.7, 0.2];

/** By what documents are found. */
const ways: Examples = {
  vector: {
    summary: "Nearest to a vector",
    path: articles,
    value: { vector, k: 3, select: ["title", "year"] },
  },
  docId: {
    summary: "More like this: nearest to a document, without itself",
    path: articles,
    value: { docId: "a1", includeSelf: false, k: 3 },
  },
  text: {
    summary: "By words, the best by BM25 first",
    path: articles,
    value: { text: "quick foxes", k: 3, select: ["title"] },
  },
  textTree: {
    summary: "By a tree of words and phrases",
    path: articles,
    value: {
      text: {
        op: "boost",
        positive: {
          op: "boolean",
          must: [{ op: "match", query: "quick foxes", operator: "and", boosts: { title: 2, body: 1 } }],
          should: [{ op: "match", query: "jumping", columns: ["body"], fuzziness: "auto" }],
          mustNot: [{ op: "phrase", query: "noon trains", column: "body", slop: 2 }],
        },
        negative: { op: "match", query: "lazy" },
        negativeBoost: 0.5,
      },
    },
  },
  textPrefix: {
    summary: "By how a word begins, as it is typed",
    path: articles,
    value: {
      text: {
        op: "boolean",
        should: [
          { op: "match", query: "quick" },
          { op: "prefix", query: "fo", columns: ["title"], maxExpansions: 20, boost: 0.5 },
        ],
      },
      select: ["title"],
    },
  },
  highlight: {
    summary: "By words, shown where they stand",
    path: articles,
    value: {
      text: "quick foxes",
      select: ["title"],
      highlight: { columns: ["body"], fragments: 2, fragmentLength: 100 },
    },
  },
  hybrid: {
    summary: "By vector and words, whose ranks are fused",
    path: articles,
    value: { vector, text: "quick foxes", hybrid: { fusion: "rrf", rrfK: 60, candidates: 50 } },
  },
  hybridWeighted: {
    summary: "By vector and words, whose scores are added with weights",
    path: articles,
    value: {
      vector,
      text: "quick foxes",
      hybrid: { fusion: "weighted", weights: { vector: 1, text: 2 } },
    },
  },
  explain: {
    summary: "With how it was found: steps, rows compared, requests, bytes, times and cost",
    path: articles,
    value: { vector, k: 3, select: ["title"], explain: true },
  },
  groupBy: {
    summary: "The best hits of each value of a column",
    path: articles,
    value: { vector, groupBy: { column: "year", limit: 3, size: 2 }, select: ["title"] },
  },
  legs: {
    summary: "One leg of both",
    path: articles,
    value: { vector, text: "quick foxes", legs: ["text"] },
  },
  embedding: {
    summary: "By a text, of which the index's provider makes a vector",
    path: notes,
    value: { text: "the first", k: 2 },
  },
  rerank: {
    summary: "In the order that a reranker of lakehouse.toml gives the nearest",
    path: notes,
    value: {
      text: "the first",
      k: 2,
      rerank: { provider: "best", column: "text", candidates: 50, optional: true },
    },
  },
  queries: {
    summary: "Many at once, each answered by itself, all from one version",
    path: articles,
    value: {
      queries: [{ vector }, { text: "trains" }, { docId: "a2", k: 1 }],
      k: 2,
      select: ["title"],
    },
  },
};

/** What of them comes, and what beside them. */
const answers: Examples = {
  filter: {
    summary: "Of documents that a filter takes: lists, times with zones, int64 as strings, any case",
    path: articles,
    value: {
      vector,
      filter: {
        op: "or",
        filters: [
          { op: "contains", column: "tags", value: "animals" },
          { op: "any", column: "tags", values: ["travel", "food"] },
          { op: "all", column: "tags", values: ["animals", "old"] },
          { op: "not_in", column: "year", values: [1999, 2000] },
          { op: "exists", column: "at" },
          { op: "starts_with", column: "title", prefix: "Quick" },
          { op: "eq_ignore_case", column: "title", value: "LAZY DOGS" },
          { op: "gte", column: "at", value: "2026-03-01T00:00:00+01:00" },
          { op: "eq", column: "views", value: "9007199254740993" },
        ],
      },
    },
  },
  exact: {
    summary: "Compared with every row, without an index",
    path: articles,
    value: { vector, exact: true },
  },
  distanceRange: {
    summary: "No farther than that",
    path: articles,
    value: { vector, distanceRange: { max: 0.8 } },
  },
  firstPage: {
    summary: "The first page, whose answer has the cursor of the next",
    path: articles,
    value: { vector, k: 1, offset: 0 },
  },
  nextPage: {
    summary: "The page behind it: cursor is the next of that answer",
    path: articles,
    value: { vector, k: 1, cursor: "q3bX" },
  },
  textPage: {
    summary: "A page of what words find, with how many that are",
    path: articles,
    value: { text: "quick foxes", k: 2, offset: 0, count: true },
  },
  hybridRange: {
    summary: "By vector no farther than that, and by words whatever has them",
    path: articles,
    value: { vector, text: "trains", distanceRange: { max: 0.8 } },
  },
  counts: {
    summary: "With how many a filter takes, by values of a column, too",
    path: articles,
    value: {
      vector,
      filter: { op: "gte", column: "year", value: 2000 },
      count: true,
      facets: [{ column: "tags", limit: 5 }, { column: "year" }],
    },
  },
  strong: {
    summary: "As it is now, and at least as a write answered it",
    path: articles,
    value: { vector, consistency: "strong", minVersion: 2, minGeneration: "g1" },
  },
};

export const searchExamples: Examples = { ...ways, ...answers };

const recent = { op: "gte", column: "year", value: 2000 };
const orderBy = [{ column: "year", direction: "desc" }, { column: "title" }];

export const queryDocumentsExamples: Examples = {
  ordered: {
    summary: "In the order of columns, counted, by values of others, too",
    path: articles,
    value: {
      filter: recent,
      orderBy,
      limit: 2,
      select: ["title", "year"],
      count: true,
      facets: [{ column: "tags" }],
    },
  },
  nextPage: {
    summary: "The page behind it: cursor is the next of that answer",
    path: articles,
    value: { filter: recent, orderBy, limit: 2, cursor: "WyJnMSIsNywyMCwi" },
  },
  behind: {
    summary: "Behind so many others",
    path: articles,
    value: { orderBy: [{ column: "at", nulls: "first" }], offset: 1, limit: 2 },
  },
  counts: {
    summary: "Counts alone",
    path: articles,
    value: { filter: { op: "contains", column: "tags", value: "animals" }, limit: 0, count: true },
  },
};

export const fetchDocumentsExamples: Examples = {
  ids: {
    summary: "In the order asked for; missing names those that are not there",
    path: articles,
    value: { ids: ["a2", "nobody", "a1"], select: ["title", "vector"] },
  },
};

export const measureRecallExamples: Examples = {
  rows: {
    summary: "Of rows that are drawn, with the settings that searches have",
    path: articles,
    value: { k: 2, queries: 2 },
  },
  vectors: {
    summary: "Of searches that are sent, among documents that a filter takes",
    path: articles,
    value: { k: 1, vectors: [vector], filter: { op: "gte", column: "year", value: 2000 } },
  },
};
