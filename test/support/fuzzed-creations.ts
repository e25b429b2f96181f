import fc from "fast-check";
import { mostly, text } from "./fuzzed-values.ts";

export const fullText = fc.array(
  fc.record(
    {
      column: fc.oneof(fc.constantFrom("chunk_text", "doc_id", "tags"), text),
      language: fc.oneof(fc.constantFrom("en", "zh", "German", "tlh"), text),
      stem: mostly(fc.boolean()),
      stopWords: mostly(fc.oneof(fc.boolean(), fc.array(text, { maxLength: 3 }))),
      positions: mostly(fc.boolean()),
      tokenizer: mostly(fc.constantFrom("simple", "ngram", "icu", "jieba/default")),
    },
    { requiredKeys: ["column"] },
  ),
  { maxLength: 3 },
);
export const embedding = fc.record({
  provider: mostly(fc.constantFrom("words", "best", "nobody")),
  column: mostly(fc.constantFrom("chunk_text", "tags")),
});
/** Indexes that are made by a request, some of which can be. */
export const creation = fc.record(
  {
    name: fc.oneof(
      { weight: 6, arbitrary: fc.nat(500).map((number) => `made-${number}`) },
      { weight: 1, arbitrary: fc.oneof(fc.constant("rows"), text) },
    ),
    dimension: mostly(fc.constantFrom(2, 3)),
    columns: mostly(
      fc.constantFrom(
        [{ name: "chunk_text", type: "Utf8" }],
        [
          { name: "chunk_text", type: "Utf8" },
          { name: "tags", type: "List<Utf8>" },
        ],
      ),
    ),
    fullText: mostly(fullText),
    embedding: mostly(embedding),
    metric: mostly(fc.constantFrom("cosine", "l2", "dot")),
  },
  { requiredKeys: ["name", "columns"] },
);

export const fittingCreation = fc.record(
  {
    name: fc.nat(500).map((number) => `fit-${number}`),
    dimension: fc.constant(2),
    columns: fc.constant([{ name: "chunk_text", type: "Utf8" }]),
    fullText: fc
      .constantFrom("en", "ja", "tlh")
      .map((language) => [{ column: "chunk_text", language, positions: false }]),
    embedding: fc.constant({ provider: "words", column: "chunk_text" }),
  },
  { requiredKeys: ["name", "dimension", "columns"] },
);
