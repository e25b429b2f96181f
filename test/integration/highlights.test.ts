import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import type { Principal } from "../../lib/domain/access/principal.ts";
import { scopedIndexes } from "../../lib/domain/access/scoped-readers.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import type { Hit } from "../../lib/domain/search/search-response.ts";
import type { Highlights } from "../../lib/domain/text/highlight.ts";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";

/** A column of real sentences a language, and some that are cut into pieces. */
const languages: Record<string, { of: string; language: string; tokenizer?: string; positions?: boolean }> = {
  ...Object.fromEntries(
    ["en", "de", "fr", "es", "zh", "ja", "th"].map((code) => [code, { of: code, language: code }]),
  ),
  fi: { of: "fi", language: "Karelian", positions: false },
};

const sentences = Object.fromEntries(
  Object.values(languages).map(({ of }) => {
    const file = new URL(`../fixtures/sentences/${of}.txt`, import.meta.url);
    return [of, readFileSync(file, "utf8").trim().split("\n")];
  }),
);

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await create(
    "sentences",
    Object.entries(languages).map(([column, { of: _, ...told }]) => ({ column, ...told })),
  );
  const count = Math.max(...Object.values(sentences).map((all) => all.length));
  await write(
    "sentences",
    Array.from({ length: count }, (_, i) =>
      Object.fromEntries(
        Object.entries(languages).map(([column, { of }]) => [column, sentences[of]?.[i] ?? null]),
      ),
    ),
  );
  await create("docs", [
    { column: "body", language: "en" },
    { column: "title", language: "en", positions: false },
    { column: "pieces", tokenizer: "ngram" },
    { column: "any", tokenizer: "icu" },
  ]);
  await write("docs", texts);
}, 60_000);

afterAll(() => lakehouse.remove());

const create = (
  name: string,
  fullText: { column: string; language?: string; tokenizer?: string; positions?: boolean }[],
) => {
  const columns = fullText.map(({ column }) => ({ name: column, type: "Utf8" }));
  const request = { name, bucket: "testing", dimension: 2, metric: "l2", columns, fullText };
  return createIndex(container, createRequest.parse(request), undefined);
};

const write = (index: string, rows: object[]) => {
  const documents = rows.map((row, i) => ({ doc_id: `d${i}`, vector: [1, i], ...row }));
  return writeDocuments(container, { index, mode: "upsert", documents, keyed: undefined }, 30_000);
};

const texts = [
  {
    body: "The quick brown fox runs; Foxes are running over naïve lazy dogs.",
    title: "A fox",
    any: "Il y en a 10\u202f000, l'été",
  },
  { body: `${"Nothing to see here. ".repeat(40)}The fox 🦊 is at the end.`, title: "Quick" },
  { body: `${"plain words ".repeat(1_000)}wolf`, title: "wolf" },
  { body: "brown and quick; quick or brown: a quick brown dog", title: "Dogs", pieces: "Donaudampfschiff" },
];

const search = async (index: string, body: object): Promise<Hit[]> => {
  const request = parseSearchRequest({ consistency: "strong", select: [], highlight: true, ...body });
  return (await searchIndex(container.indexes, index, request, 20_000)).hits;
};

/** What is marked of a hit, column by column. */
const marked = (hit: Hit | undefined) =>
  Object.fromEntries(
    (hit?.highlights ?? []).map(({ column, fragments }) => [
      column,
      fragments.flatMap(({ text, matches }) => matches.map(({ start, end }) => text.slice(start, end))),
    ]),
  );

const markedIn = async (text: unknown, docId = "d0", more: object = {}) =>
  marked((await search("docs", { text, ...more })).find(({ doc_id }) => doc_id === docId));

const body = (query: string, more: object = {}) => ({ op: "match", query, columns: ["body"], ...more });

test.each<[string, unknown, Record<string, string[]>]>([
  ["other forms of a word", body("run"), { body: ["runs", "running"] }],
  ["letters without accents", body("NAIVE"), { body: ["naïve"] }],
  ["all columns", "foxes", { body: ["fox", "Foxes"], title: ["fox"] }],
  ["numbers with white space within", body("10\u202f000", { columns: ["any"] }), { any: ["10\u202f000"] }],
  ["words that differ by a letter", body("QUACK", { fuzziness: 1 }), { body: ["quick"] }],
  ["all of the words", body("quick dog", { operator: "and" }), { body: ["quick", "dogs"] }],
  ["a phrase alone", { op: "phrase", query: "quick brown", column: "body" }, { body: ["quick", "brown"] }],
  [
    "a phrase with words between",
    { op: "phrase", query: "quick fox", column: "body", slop: 1 },
    { body: ["quick", "fox"] },
  ],
  [
    "what documents may not have, and what lowers their score, is not marked",
    {
      op: "boost",
      positive: {
        op: "boolean",
        must: [body("lazy")],
        should: [body("dog")],
        mustNot: [{ op: "match", query: "quick", columns: ["title"] }],
      },
      negative: body("fox"),
    },
    { body: ["lazy", "dogs"] },
  ],
])("%s", async (_, text, found) => {
  expect(await markedIn(text)).toEqual(found);
});

test("of a phrase only the words that stand in it are marked", async () => {
  const [hit] = await search("docs", {
    text: { op: "phrase", query: "quick brown", column: "body" },
    filter: { op: "eq", column: "doc_id", value: "d3" },
    highlight: { fragmentLength: 500 },
  });
  expect(hit?.highlights?.[0]?.fragments).toEqual([
    {
      text: texts[3]?.body,
      start: 0,
      matches: [
        { start: 35, end: 40 },
        { start: 41, end: 46 },
      ],
    },
  ]);
});

test("of a column that is cut into pieces the longest part of a word is marked", async () => {
  expect(await markedIn({ op: "match", query: "DAMPF", columns: ["pieces"] }, "d3")).toEqual({
    pieces: ["dampf"],
  });
  expect(await markedIn({ op: "match", query: "schifffahrt", columns: ["pieces"] }, "d3")).toEqual({
    pieces: ["schiff"],
  });
});

test("a long text gives the parts around its words, whole ones, with their places in it", async () => {
  const [hit] = await search("docs", {
    text: { op: "match", query: "fox", columns: ["body"] },
    filter: { op: "eq", column: "doc_id", value: "d1" },
    highlight: { fragments: 1, fragmentLength: 40 },
  });
  const fragments = hit?.highlights?.[0]?.fragments ?? [];
  expect(fragments).toHaveLength(1);
  const { text = "", start = 0, matches = [] } = fragments[0] ?? {};
  expect(text.length).toBeLessThanOrEqual(40);
  expect(texts[1]?.body.slice(start, start + text.length)).toBe(text);
  expect(text).toMatch(/^(Nothing|to|see|here\.|The) .*fox .*end\.$/);
  expect(matches.map(({ start: from, end }) => text.slice(from, end))).toEqual(["fox"]);
});

test("a text that is longer than what is looked at says so", async () => {
  const [hit] = await search("docs", { text: body("wolf") });
  expect(hit?.highlights).toEqual([{ column: "body", fragments: [], truncated: true }]);
  const [other] = await search("docs", { text: body("plain wolf", { operator: "and" }) });
  expect(marked(other)["body"]?.slice(0, 2)).toEqual(["plain", "plain"]);
});

test("columns are those that are named, shown or not; without highlight there is nothing", async () => {
  const [hit] = await search("docs", { text: "foxes", highlight: { columns: ["title"] } });
  expect(Object.keys(hit ?? {}).sort()).toEqual(["doc_id", "highlights", "score"]);
  expect(marked(hit)).toEqual({ title: ["fox"] });
  const [shown] = await search("docs", { text: "foxes", select: ["title"], highlight: true });
  expect(shown).toMatchObject({ title: "A fox" });
  expect(marked(shown)).toEqual({ body: ["fox", "Foxes"], title: ["fox"] });
  for (const highlight of [false, undefined])
    expect((await search("docs", { text: "foxes", highlight }))[0]).not.toHaveProperty("highlights");
});

test("a hybrid hit that the vector leg alone found has no highlights", async () => {
  const hits = await search("docs", { text: body("lazy"), vector: [1, 3], k: 4 });
  const byText = (hit: Hit) => (hit.legs?.text ? { body: ["lazy"] } : {});
  expect(hits.map(marked)).toEqual(hits.map(byText));
  expect(hits.some(({ legs }) => legs?.text)).toBe(true);
  expect(hits.filter(({ legs }) => !legs?.text).map(({ highlights }) => highlights)).toEqual([[], [], []]);
});

test("columns that the text is not looked for in, and searches without text, are refused", async () => {
  const issues = (request: object) => search("docs", request).catch((error: DomainError) => error.issues);
  const columns = ["title", "nothing"];
  expect(await issues({ text: body("fox"), highlight: { columns } })).toEqual([
    { path: "highlight.columns[0]", message: expect.stringMatching('looked for in: "?body') },
    { path: "highlight.columns[1]", message: expect.stringMatching("none of the columns") },
  ]);
  const message = "is for searches by text";
  expect(await issues({ vector: [1, 2] })).toEqual([{ path: "highlight", message }]);
  const named = { vector: [1, 2], text: "fox", legs: ["vector"] };
  expect(await issues(named)).toEqual([{ path: "highlight", message }]);
});

test("a key with a filter is shown parts of its own rows' texts alone", async () => {
  const own = scopedIndexes(container.indexes, {
    filter: { op: "eq", column: "title", value: "Dogs" },
    refuseUnseen: () => undefined,
  } as unknown as Principal);
  const request = {
    text: body("quick fox"),
    vector: [1, 0],
    select: [],
    highlight: true,
    consistency: "strong",
  };
  const { hits } = await searchIndex(own, "docs", parseSearchRequest(request), 20_000);
  expect(hits.map(({ doc_id }) => doc_id)).toEqual(["d3"]);
  expect(marked(hits[0])).toEqual({ body: ["quick", "quick", "quick"] });
});

/** What holds of all highlights of a stored text. */
function expectSound(stored: string, highlights: Highlights, fragmentLength: number) {
  for (const { fragments } of highlights) {
    let behind = 0;
    for (const { text, start, matches } of fragments) {
      expect(start).toBeGreaterThanOrEqual(behind);
      behind = start + text.length;
      expect(stored.slice(start, behind)).toBe(text);
      expect(text.length).toBeLessThanOrEqual(fragmentLength);
      expect(text.isWellFormed()).toBe(true);
      expect(matches).not.toEqual([]);
      let last = 0;
      for (const match of matches) {
        expect(match.start).toBeGreaterThanOrEqual(last);
        expect(match.end).toBeGreaterThan(match.start);
        expect(match.end).toBeLessThanOrEqual(text.length);
        last = match.end;
      }
    }
  }
}

test.each(Object.keys(languages))(
  "%s: every sentence that is found has its words marked",
  async (column) => {
    const all = sentences[languages[column]?.of ?? ""] ?? [];
    const words = all.flatMap((one) => one.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []);
    const asked = fc.record({
      query: fc
        .array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 })
        .map((some) => some.join(" ").slice(0, 60)),
      operator: fc.constantFrom("and", "or"),
      fragments: fc.integer({ min: 1, max: 5 }),
      fragmentLength: fc.integer({ min: 20, max: 500 }),
    });
    const holds = async ({
      query,
      operator,
      ...highlight
    }: typeof asked extends fc.Arbitrary<infer T> ? T : never) => {
      const text = { op: "match", query, operator, columns: [column] };
      const hits = await search("sentences", { text, k: 50, highlight, select: [column] });
      for (const hit of hits) {
        expect(marked(hit)[column]?.length, `${query} in ${hit[column]}`).toBeGreaterThan(0);
        expectSound(String(hit[column]), hit.highlights ?? [], highlight.fragmentLength);
      }
    };
    await fc.assert(fc.asyncProperty(asked, holds), { numRuns: 40 });
  },
  30_000,
);

test.each([
  ["en", "educate", ["education", "Education"]],
  ["de", "Erklarung", ["Erklärung"]],
  ["fr", "liberté", ["liberté", "libertés"]],
  ["es", "educacion", ["educación"]],
  ["zh", "自由", ["自由"]],
  ["ja", "自由", ["自由"]],
  ["th", "เสรีภาพ", ["เสรีภาพ"]],
  ["fi", "YHTÄLÄI", ["yhtäläi", "Yhtäläi"]],
])("%s: %s marks its forms and nothing else", async (column, query, forms) => {
  const hits = await search("sentences", { text: { op: "match", query, columns: [column] }, k: 3 });
  const words = hits.flatMap((hit) => marked(hit)[column] ?? []);
  expect(words).not.toEqual([]);
  for (const word of words) expect(forms).toContain(word);
});
