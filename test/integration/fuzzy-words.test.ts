import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";

let lakehouse: Lakehouse;
let container: Container;

const sentences = readFileSync(new URL("../fixtures/sentences/en.txt", import.meta.url), "utf8")
  .trim()
  .split("\n");
const words = [
  "fox",
  "foxes box",
  "foxy",
  "fax",
  "facts",
  "universe",
  "univerze",
  "Häuser",
  "hausser",
  "lzay",
  "мир",
  "лир",
  "мор",
];
const documents = [...words, ...sentences].map((body, i) => ({
  doc_id: `d${i}`,
  vector: [1, i],
  body,
  note: i % 3 === 0 ? `${body} noted` : null,
  even: i % 2 === 0,
}));

const write = (some: object[]) =>
  writeDocuments(container, { index: "docs", documents: some, mode: "upsert", keyed: undefined }, 20_000);

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  const columns = [
    { name: "body", type: "Utf8" },
    { name: "note", type: "Utf8" },
    { name: "even", type: "Bool" },
  ];
  const fullText = [{ column: "body", language: "en" }, { column: "note" }];
  const request = { name: "docs", bucket: "testing", dimension: 2, metric: "l2", columns, fullText };
  await createIndex(container, createRequest.parse(request), undefined);
  await write(documents.slice(0, 60));
  expect((await runJob(container, { type: "optimize", index: "docs" })).error).toBeNull();
  for (let i = 60; i < documents.length; i += 40) await write(documents.slice(i, i + 40));
  await write(documents.slice(0, 13));
});

afterAll(() => lakehouse.remove());

const search = async (text: unknown, more: object = {}) => {
  const request = { text, k: 1_000, select: [], consistency: "strong", ...more };
  return searchIndex(container.indexes, "docs", parseSearchRequest(request), 20_000);
};

const match = (query: string, fuzziness: number | "auto", more: object = {}) => ({
  ...{ op: "match", columns: ["body"], query, fuzziness },
  ...more,
});

const queries: unknown[] = [
  match("fox", 1),
  match("fox", 2, { maxExpansions: 200 }),
  match("fxo fucts", 2, { prefixLength: 1 }),
  match("unxverse", "auto"),
  match("HÄUSSER", 1),
  match("мир", 1, { prefixLength: 1 }),
  match("the", 1),
  match("rihgts FREDOM", "auto", { operator: "and" }),
  match("fundamenal fredom", 2, { operator: "or", boost: 2 }),
  match("evryone rigt", 1, { columns: ["body", "note"] }),
  { op: "boolean", must: [match("evryone", 1)], mustNot: [match("rihgt", 2)] },
  { op: "boost", positive: match("evryone", 1), negative: match("rigth", 2), negativeBoost: 0.5 },
];

test("fuzzy words find in rows that no index holds what they find once it does, and nothing else", async () => {
  const found = async (more: object = {}) =>
    Promise.all(
      queries.map(async (text) => {
        const { hits, performance, count } = await search(text, { count: true, ...more });
        expect(count).toBe(hits.length);
        return { ids: hits.map(({ doc_id }) => doc_id).sort(), unindexed: performance.textUnindexedRows };
      }),
    );
  const filter = { op: "eq", column: "even", value: true };
  const [before, filtered] = [await found(), await found({ filter })];
  expect(before.every(({ unindexed }) => (unindexed ?? 0) > 100)).toBe(true);
  expect(before.filter(({ ids }) => ids.length === 0)).toHaveLength(1); // the stop word
  expect((await search(match("unxverse", "auto"), { k: 1 })).hits).toHaveLength(1);
  const both = await search(match("unxverse", "auto"), { vector: [1, 5], k: 3, highlight: true });
  const universe = both.hits.find(({ doc_id }) => doc_id === "d5");
  expect(universe).toMatchObject({ legs: { text: { rank: expect.any(Number) }, vector: { rank: 1 } } });
  expect(universe?.highlights?.[0]?.fragments[0]?.text).toBe("universe");
  expect((await runJob(container, { type: "optimize", index: "docs" })).error).toBeNull();
  const [after, later] = [await found(), await found({ filter })];
  expect(before.map(({ ids }) => ids)).toEqual(after.map(({ ids }) => ids));
  expect(filtered.map(({ ids }) => ids)).toEqual(later.map(({ ids }) => ids));
  expect(after.map(({ unindexed }) => unindexed)).toEqual(after.map(() => 0));
}, 60_000);
