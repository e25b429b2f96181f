import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";

/** Real sentences, a column a language. What is told of each is what decides how it is cut. */
const indexes: Record<string, { column: string; of: string; language: string; tokenizer?: string }[]> = {
  words: ["en", "de", "fr", "es", "zh", "ja", "th"].map((code) => ({
    column: code,
    of: code,
    language: code,
  })),
  pieces: [
    { column: "fi", of: "fi", language: "Karelian" },
    { column: "th", of: "th", language: "Shan" },
    { column: "zh", of: "zh", language: "zh", tokenizer: "ngram" },
    { column: "ja", of: "ja", language: "ja", tokenizer: "ngram" },
  ],
};

let lakehouse: Lakehouse;
let container: Container;
const sentences = Object.fromEntries(
  ["en", "de", "fr", "es", "zh", "ja", "th", "fi"].map((language) => {
    const file = new URL(`../fixtures/sentences/${language}.txt`, import.meta.url);
    return [language, readFileSync(file, "utf8").trim().split("\n")];
  }),
);
const sentencesOf = (language: string) => sentences[language] ?? [];

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  for (const name of Object.keys(indexes)) await indexed(name);
}, 60_000);

afterAll(() => lakehouse.remove());

/** Makes an index of them. */
async function indexed(name: string): Promise<void> {
  const texts = indexes[name] ?? [];
  const columns = texts.map(({ column }) => ({ name: column, type: "Utf8" }));
  const fullText = texts.map(({ of: _, ...told }) => told);
  const request = { name, bucket: "testing", dimension: 2, columns, fullText };
  await createIndex(container, createRequest.parse(request), undefined);
  const count = Math.max(...texts.map(({ of }) => sentencesOf(of).length));
  const documents = Array.from({ length: count }, (_, i) => ({
    ...{ doc_id: String(i), vector: [1, i] },
    ...Object.fromEntries(texts.map(({ column, of }) => [column, sentencesOf(of)[i] ?? null])),
  }));
  await writeDocuments(container, { index: name, mode: "upsert", documents, keyed: undefined }, 30_000);
  expect((await runJob(container, { type: "optimize", index: name })).error).toBeNull();
}

/** Numbers of the sentences that are found, best first. */
async function found(index: string, column: string, text: string, k = 1_000): Promise<number[]> {
  const match = { op: "match", query: text, columns: [column] };
  const request = parseSearchRequest({ text: match, k, select: [] });
  const { hits, performance } = await searchIndex(container.indexes, index, request, 30_000);
  expect(performance.textUnindexedRows).toBe(0);
  return hits.map(({ doc_id }) => Number(doc_id));
}

const holding = (language: string, words: RegExp) =>
  sentencesOf(language).flatMap((sentence, i) => (words.test(sentence) ? [i] : []));

const inOrder = (numbers: number[]) => [...numbers].sort((a, b) => a - b);
/** A word of letters of any script, with its forms. */
const word = (forms: string) => new RegExp(`(?<!\\p{L})(?:${forms})(?!\\p{L})`, "iu");

/** Queries, and the words that they find. */
const cases: [language: string, query: string, words: RegExp][] = [
  ["en", "right", word("rights?")],
  ["en", "nations", word("nation(s|al|ality|alities)?")],
  ["en", "declares", word("declar(e|es|ed|ing|ation|ations)")],
  ["en", "EDUCATION", word("educat(e|ion|ional)")],
  ["de", "Menschenrecht", word("Menschenrechten?")],
  ["de", "Erklärung", word("Erklärung(en)?")],
  ["de", "Erklarungen", word("Erklärung(en)?")],
  ["de", "Schlüsselwörter", word("Schlüsselw[oö]rt(er|ern|s)?")],
  ["fr", "libertés", word("libertés?")],
  ["fr", "liberte", word("libertés?")],
  ["fr", "éducation", word("éducations?")],
  ["es", "derecho", word("derech[oa]s?")],
  ["es", "educacion", word("educación")],
  ["es", "expresion", word("expresi(ón|ones)")],
  ["zh", "自由", /自由/],
  ["zh", "权利", /权利/],
  ["zh", "婚姻", /婚姻/],
  ["ja", "自由", /自由/],
  ["ja", "権利", /権利/],
  ["ja", "パラメーター", /パラメーター/],
  ["th", "เสรีภาพ", /เสรีภาพ/],
];

test.each(cases)(
  "%s: %s finds the sentences with its forms, and no others",
  async (language, query, words) => {
    const scanned = holding(language, words);
    expect(scanned).not.toEqual([]);
    expect(inOrder(await found("words", language, query))).toEqual(scanned);
  },
);

/** Within longer words, which no dictionary cuts. */
const pieces: [column: string, piece: string][] = [
  ["fi", "oikeu"],
  ["fi", "misoik"],
  ["fi", "YHTÄLÄI"],
  ["th", "ศึกษา"],
  ["zh", "教育"],
  ["ja", "教育"],
];

test.each(pieces)("%s: %s is found within words, and first where it is", async (column, piece) => {
  const scanned = holding(column, new RegExp(piece, "i"));
  expect(scanned).not.toEqual([]);
  const all = await found("pieces", column, piece);
  expect(all).toEqual(expect.arrayContaining(scanned));
  expect(scanned).toContain(all[0]);
});

test.each(["en", "de", "fr", "es", "zh", "ja", "th"])(
  "%s: a sentence is among the best answers to its own text",
  async (language) => {
    const asked = sentencesOf(language).flatMap((_, i) => (i % 10 === 0 ? [i] : []));
    for (const i of asked)
      expect(await found("words", language, sentencesOf(language)[i] ?? "", 3)).toContain(i);
  },
);
