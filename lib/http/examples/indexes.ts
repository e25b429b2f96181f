import { articles, type Examples } from "./example.ts";

export const createIndexExamples: Examples = {
  fullText: {
    summary: "Columns whose words are searched, in their languages",
    value: {
      name: articles.index,
      dimension: 3,
      columns: [
        { name: "title", type: "Utf8" },
        { name: "body", type: "Utf8" },
        { name: "tags", type: "List<Utf8>" },
        { name: "year", type: "Int64" },
        { name: "views", type: "Int64" },
        { name: "at", type: "Timestamp<MICROSECOND, UTC>" },
      ],
      filterColumns: ["tags", "year"],
      fullText: [
        { column: "title", language: "en", stem: false, stopWords: false },
        { column: "body", language: "en", stopWords: false },
      ],
    },
  },
  embedding: {
    summary: "An embedding provider of lakehouse.toml makes the vectors of a column's text",
    value: {
      name: "notes",
      embedding: { provider: "small", column: "text" },
      columns: [{ name: "text", type: "Utf8" }],
    },
  },
  plain: { summary: "Columns are those of the first documents", value: { name: "plain", dimension: 3 } },
};

export const changeIndexExamples: Examples = {
  staleness: {
    summary: "How old what a search sees may be, and from when on a job takes in what was written",
    path: articles,
    value: { maxStalenessMs: 2_000, upkeep: { rows: 5_000 } },
  },
};

export const startJobExamples: Examples = {
  migrate: {
    summary: "Parquet files become an index, with full text",
    value: {
      type: "migrate",
      index: "words",
      source: "examples/words",
      fullText: [{ column: "chunk_text", language: "en" }],
    },
  },
  embedding: {
    summary: "Parquet files without vectors, which a provider makes of their text",
    value: {
      type: "migrate",
      index: "imported",
      source: "source/notes",
      embedding: { provider: "small", column: "text" },
      workers: 2,
    },
  },
  fullText: {
    summary: "The same rows with other full-text indexes: one that finds parts of words, too",
    value: {
      type: "build-index",
      index: articles.index,
      fullText: [
        { column: "title", language: "en", positions: true },
        { column: "body", language: "en", stem: true, stopWords: ["the", "a"] },
      ],
    },
  },
  optimize: {
    summary: "Takes what was written into the indexes, and measures recall again",
    value: { type: "optimize", index: articles.index },
  },
};
