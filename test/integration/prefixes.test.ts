import { globSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { textCutter } from "../../lib/adapters/lance/text-cutter.ts";
import type { Container } from "../../lib/container.ts";
import type { Principal } from "../../lib/domain/access/principal.ts";
import { scopedIndexes } from "../../lib/domain/access/scoped-readers.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { indexesSeen } from "../../lib/domain/search/seen-indexes.ts";
import type { TextIndex } from "../../lib/domain/text/full-text.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";

let lakehouse: Lakehouse;
let container: Container;

const textsOf = (language: string) =>
  readFileSync(new URL(`../fixtures/sentences/${language}.txt`, import.meta.url), "utf8")
    .trim()
    .split("\n");
const words = [
  ..."house household Housing HOUSES hot hotel universe Universität universally café Café cafeteria naïve".split(
    " ",
  ),
  ..."Zebra мир мировой 123 1234 o'neil foo-bar foo_bar ﬁne straße 教育 教育部 เรียน".split(" "),
];
const documents = [...words, ...["en", "es", "de", "zh"].flatMap(textsOf)].map((body, i) => ({
  doc_id: `d${i}`,
  vector: [1, i],
  ...{ body, spaced: i % 2 === 0 ? body : null, any: `${body} ${words[i % words.length]}` },
  ...{ stems: body, pieces: body, even: i % 2 === 0 },
}));

const fullText: TextIndex[] = [
  { column: "body", tokenizer: "simple", language: "en", stem: false, stopWords: false, positions: true },
  {
    column: "spaced",
    tokenizer: "whitespace",
    language: "en",
    stem: false,
    stopWords: true,
    positions: true,
  },
  { column: "any", tokenizer: "icu/split", language: null, stem: false, stopWords: false, positions: false },
  { column: "stems", tokenizer: "simple", language: "en", stem: true, stopWords: true, positions: false },
  { column: "pieces", tokenizer: "ngram", language: null, stem: false, stopWords: false, positions: false },
];
const searched = ["body", "spaced", "any"] as const;

const write = (some: object[]) =>
  writeDocuments(container, { index: "docs", documents: some, mode: "upsert", keyed: undefined }, 20_000);
const optimize = async () =>
  expect((await runJob(container, { type: "optimize", index: "docs" })).error).toBeNull();

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  const texts = ["body", "spaced", "any", "stems", "pieces"].map((name) => ({ name, type: "Utf8" }));
  const columns = [...texts, { name: "even", type: "Bool" }];
  const asked = fullText.map(({ language, ...one }) => ({ ...one, ...(language ? { language } : {}) }));
  const request = { name: "docs", bucket: "testing", dimension: 2, metric: "l2", columns, fullText: asked };
  await createIndex(container, createRequest.parse(request), undefined);
  await write(documents.slice(0, 60));
  await optimize();
  await write(documents.slice(60, 150));
  await optimize();
  for (let i = 150; i < documents.length; i += 150) await write(documents.slice(i, i + 150));
}, 120_000);

afterAll(() => lakehouse.remove());

const search = async (text: unknown, more: object = {}, indexes = container.indexes) => {
  const request = { text, k: 1_000, select: [], consistency: "strong", ...more };
  return searchIndex(indexes, "docs", parseSearchRequest(request), 20_000);
};

const refusal = async (text: unknown, more: object = {}, indexes = container.indexes) =>
  (await search(text, more, indexes).catch((error) => error)) as DomainError;

const prefix = (query: string, columns: readonly string[] = ["body"], more: object = {}) => ({
  ...{ op: "prefix", query, columns, maxExpansions: 200 },
  ...more,
});

const idsOf = async (text: unknown, more?: object) =>
  (await search(text, more)).hits.map(({ doc_id }) => doc_id).sort();

/** Terms of each document, as LanceDB's own tokenizer cuts them. */
async function termsOf(column: (typeof searched)[number]): Promise<Map<string, string[]>> {
  const cutter = textCutter(fullText.find((one) => one.column === column) as TextIndex);
  const terms = new Map<string, string[]>();
  for (const one of documents)
    terms.set(
      one.doc_id,
      (await cutter.terms(one[column] ?? "")).map(({ term }) => term),
    );
  return terms;
}

/** Beginnings of words that there are, with upper case and accents as they are written, and some of none. */
const beginnings = fc
  .tuple(
    fc.constantFrom(...documents.flatMap(({ body }) => body.split(/[^\p{L}\p{N}]+/u).filter(Boolean))),
    fc.nat(8),
  )
  .map(([word, length]) => [...word].slice(0, length + 2).join(""));

async function expectAllFound(): Promise<void> {
  const all = new Map(await Promise.all(searched.map(async (name) => [name, await termsOf(name)] as const)));
  const cutter = textCutter(fullText[0] as TextIndex);
  const found = fc.asyncProperty(beginnings, fc.constantFrom(...searched), async (query, column) => {
    const beginning = await cutter.beginning(query);
    const begun = [...(all.get(column) ?? [])].map(([id, terms]) => ({
      id,
      terms: terms.filter((term) => term.startsWith(beginning)),
    }));
    fc.pre(new Set(begun.flatMap(({ terms }) => terms)).size <= 200);
    const expected = begun.flatMap(({ id, terms }) => (terms.length > 0 ? [id] : []));
    expect(await idsOf(prefix(query, [column]))).toEqual(expected.sort());
  });
  await fc.assert(found, { numRuns: 60 });
}

const shown = {
  house: ["d0", "d1", "d3"],
  HOUS: ["d0", "d1", "d2", "d3"],
  CAFÉ: ["d11", "d9", "d10"].sort(),
  universi: ["d7"],
  мир: ["d14", "d15"],
};

test("a prefix finds the rows with a word that begins so, in rows of an index and in others, by any tokenizer", async () => {
  expect((await search(prefix("univ"))).performance.textUnindexedRows).toBeGreaterThan(100);
  for (const [query, ids] of Object.entries(shown))
    expect(
      await idsOf(prefix(query), {
        filter: { op: "in", column: "doc_id", values: documents.slice(0, 27).map((d) => d.doc_id) },
      }),
      query,
    ).toEqual(ids);
  await expectAllFound();
}, 120_000);

test("beside others, in pages, groups, counts, highlights and hybrid searches", async () => {
  const all = await idsOf(prefix("hous"));
  const filter = { op: "eq", column: "even", value: true };
  const even = await search(prefix("hous"), { filter, count: true, facets: [{ column: "even" }] });
  expect(even.count).toBe(even.hits.length);
  expect(even.hits.map(({ doc_id }) => doc_id).sort()).toEqual(
    all.filter((id) => Number(id.slice(1)) % 2 === 0),
  );
  const not = { op: "boolean", must: [prefix("hous")], mustNot: [prefix("househ")] };
  expect(await idsOf(not)).toEqual(all.filter((id) => id !== "d1"));
  const none = { op: "boolean", must: [prefix("hous"), prefix("qqqq")] };
  expect(await idsOf(none)).toEqual([]);
  expect(await idsOf({ op: "boolean", should: [prefix("qqqq"), prefix("househ")] })).toEqual(["d1"]);
  const marked = await search(prefix("CAFÉ"), {
    highlight: true,
    k: 1,
    filter: { op: "eq", column: "doc_id", value: "d11" },
  });
  expect(marked.hits[0]?.highlights?.[0]?.fragments[0]).toMatchObject({
    text: "cafeteria",
    matches: [{ start: 0, end: 9 }],
  });
  const both = await search(prefix("househ"), { vector: [1, 1], k: 3 });
  expect(both.hits[0]).toMatchObject({ doc_id: "d1", legs: { text: { rank: 1 }, vector: { rank: 1 } } });
  const groups = await search(prefix("hous"), {
    groupBy: { column: "even", limit: 2, size: 5 },
    k: undefined,
  });
  expect(JSON.stringify(groups)).toContain("d1");
  const fuzzy = {
    op: "boolean",
    should: [prefix("househ"), { op: "match", query: "zebrra", fuzziness: 1, columns: ["body"] }],
  };
  expect(await idsOf(fuzzy)).toEqual(["d1", "d13"]);
  const summed = await search(prefix("ho", ["body", "any"], { boost: 3 }));
  expect(summed.hits.length).toBeGreaterThan(5);
  const explained = await search(prefix("househ"), { explain: true });
  expect(explained.hits).toHaveLength(1);
}, 60_000);

test("of more words than are asked for the shortest are found", async () => {
  const first = {
    filter: { op: "in", column: "doc_id", values: documents.slice(0, 27).map(({ doc_id }) => doc_id) },
  };
  expect(await idsOf(prefix("house", ["body"], { maxExpansions: 1 }), first)).toEqual(["d0"]);
  expect(await idsOf(prefix("hous", ["body"], { maxExpansions: 2 }), first)).toEqual(["d0", "d3"]);
}, 60_000);

test("it finds the same in what an index holds, and at the version before", async () => {
  const some = () => Promise.all(["un", "мир", "ha", "hous"].map((query) => idsOf(prefix(query))));
  const before = await some();
  await optimize();
  expect((await search(prefix("univ"))).performance.textUnindexedRows).toBe(0);
  expect(await some()).toEqual(before);
  await expectAllFound();
  await write([{ ...documents[0], doc_id: "later", body: "houseboat" }]);
  expect(await idsOf(prefix("houseb"))).toEqual(["later"]);
  const { version } = (await search(prefix("univ"))).performance;
  await write([{ ...documents[0], doc_id: "later", body: "houseflies" }]);
  expect(await idsOf(prefix("houseb"))).toEqual([]);
  const past = await indexesSeen(container, { asOf: version });
  const then = async (query: string) => {
    const { hits, count } = await search(prefix(query), { consistency: undefined, count: true }, past);
    expect(count).toBe(hits.length);
    return hits.map(({ doc_id }) => doc_id).sort();
  };
  expect(await then("houseb")).toEqual(["later"]);
  expect(await then("housef")).toEqual([]);
  expect(await then("univ")).toEqual(await idsOf(prefix("univ")));
}, 120_000);

test("an index that was made before its first row finds in those that were written since", async () => {
  const columns = [{ name: "body", type: "Utf8" }];
  const asked = {
    name: "young",
    bucket: "testing",
    dimension: 2,
    metric: "l2",
    columns,
    fullText: [{ column: "body" }],
  };
  await createIndex(container, createRequest.parse(asked), undefined);
  const request = parseSearchRequest({ text: prefix("fox"), select: ["body"], consistency: "strong" });
  const found = async () => (await searchIndex(container.indexes, "young", request, 20_000)).hits;
  expect(await found()).toEqual([]);
  const some = [{ doc_id: "a", vector: [1, 2], body: "Foxes run" }];
  await writeDocuments(
    container,
    { index: "young", documents: some, mode: "upsert", keyed: undefined },
    20_000,
  );
  expect(await found()).toMatchObject([{ doc_id: "a" }]);
});

test("columns whose words do not tell how they begin are refused, with what does", async () => {
  const issues = async (text: unknown) => (await refusal(text)).issues;
  expect(await issues(prefix("un", ["body", "stems"]))).toEqual([
    { path: "text.columns[1]", message: expect.stringMatching(/^"stems" is searched by stems.*stem: false/) },
  ]);
  expect(await issues(prefix("un", ["pieces"]))).toEqual([
    { path: "text.columns[0]", message: expect.stringMatching(/ngram.*match/) },
  ]);
  expect(await issues({ op: "prefix", query: "un" })).toHaveLength(2);
  expect(await issues(prefix("un", ["note"]))).toMatchObject([{ path: "text.columns[0]" }]);
});

test("a key with a filter is refused, as others' words would tell in what it finds", async () => {
  const principal = { filter: { op: "eq", column: "even", value: true }, refuseUnseen: () => undefined };
  const own = scopedIndexes(container.indexes, principal as unknown as Principal);
  for (const more of [{}, { count: true }, { vector: [1, 1] }, { groupBy: { column: "even" }, k: undefined }])
    expect(await refusal(prefix("un"), more, own)).toMatchObject({
      issues: [{ path: "text", message: "prefix is not for a key with a filter" }],
    });
});

test("words that are stored as is not known are told, not searched without", async () => {
  for (const file of globSync(join(lakehouse.root, "**/part_*_tokens.lance"))) {
    const bytes = await readFile(file);
    bytes.fill(9, 28, 36);
    await writeFile(file, bytes);
  }
  const fresh = lakehouse.open();
  expect(await refusal(prefix("un"), {}, fresh.indexes)).toMatchObject({
    kind: "TableNotKnown",
    message: expect.stringMatching(/"body".*build-index/),
  });
  await fresh.close();
});
