import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { Container } from "../../lib/container.ts";
import type { Principal } from "../../lib/domain/access/principal.ts";
import { scopedIndexes } from "../../lib/domain/access/scoped-readers.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";

let lakehouse: Lakehouse;
let container: Container;

const words = ["fox", "dog", "cat", "owl", "hen"];
/** Each has some of the words, some of them again and again. */
const bodyOf = (i: number) =>
  words
    .flatMap((word, at) => Array.from({ length: (i >> at) & 1 ? 1 + (i % (at + 2)) : 0 }, () => word))
    .join(" ");
const count = 96;
const documents = Array.from({ length: count }, (_, i) => ({
  doc_id: `d${i}`,
  vector: [i, 1],
  body: `${bodyOf(i)} n${i}`,
  kind: i % 3,
}));

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  for (const [name, bucket] of [
    ["docs", "primary"],
    ["deep", "primary"],
  ] as const)
    await create(name, bucket);
  await write("docs", documents.slice(0, 60));
  expect((await runJob(container, { type: "optimize", index: "docs" })).error).toBeNull();
  await write("docs", documents.slice(60)); // which no index of text holds
}, 60_000);

afterAll(() => lakehouse.remove());

const create = (name: string, bucket: string) =>
  createIndex(
    container,
    createRequest.parse({
      ...{ name, bucket, dimension: 2, metric: "l2" },
      columns: [
        { name: "body", type: "Utf8" },
        { name: "kind", type: "Int64" },
      ],
      fullText: [{ column: "body", language: "en" }],
    }),
    undefined,
  );

const write = (index: string, some: object[]) =>
  writeDocuments(container, { index, documents: some, mode: "upsert", keyed: undefined }, 60_000);

const search = async (body: object, index = "docs", indexes = container.indexes) =>
  searchIndex(indexes, index, parseSearchRequest({ consistency: "strong", select: [], ...body }), 60_000);

const idsOf = ({ hits }: { hits: { doc_id: string }[] }) => hits.map(({ doc_id }) => doc_id);

const scoresOf = ({ hits }: { hits: { score: number }[] }) => hits.map(({ score }) => score);

const refusal = (body: object) => search(body).catch((error: DomainError) => error.issues);

/** All pages by cursor, of these sizes one after another. */
async function pagesOf(body: object, sizes: number[], index = "docs", between = async () => {}) {
  const pages: Awaited<ReturnType<typeof search>>[] = [];
  let more: object = { offset: 0 };
  for (let i = 0; ; i++) {
    const page = await search({ ...body, ...more, k: sizes[i % sizes.length] }, index);
    pages.push(page);
    if (!page.next) return pages;
    more = { cursor: page.next };
    await between();
  }
}

const asked: [string, object][] = [
  ["words", { text: "fox owl" }],
  ["a tree", { text: { op: "match", query: "fox hen", operator: "and" } }],
  ["both, by ranks", { text: "dog hen", vector: [50, 1] }],
  ["both, by scores", { text: "cat", vector: [10, 1], hybrid: { fusion: "weighted", weights: { text: 3 } } }],
  ["both, of a document", { text: "cat", docId: "d7" }],
  ["both, within a distance", { text: "owl", vector: [50, 1], distanceRange: { max: 100 } }],
];

describe.each(asked)("pages of a search by %s", (_, body) => {
  test("are together what one search finds, each with its place and columns", async () => {
    const whole = await search({ ...body, k: 500, select: ["kind"] });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
        async (sizes) => {
          const pages = await pagesOf({ ...body, select: ["kind"] }, sizes);
          const hits = pages.flatMap((page) => page.hits);
          expect(new Set(idsOf({ hits })).size).toBe(hits.length);
          expect(idsOf({ hits }).sort()).toEqual(idsOf(whole).sort());
          if (!hits[0]?.legs) expect(scoresOf({ hits })).toEqual(scoresOf(whole));
          for (const { doc_id, kind } of hits) expect(kind).toBe(documents[Number(doc_id.slice(1))]?.kind);
        },
      ),
      { numRuns: 5 },
    );
  });

  test("by offset begin where they are told", async () => {
    const whole = await search({ ...body, k: 500 });
    const page = await search({ ...body, k: 7, offset: 5 });
    const first = whole.hits.slice(0, 12);
    expect(page.hits).toHaveLength(7);
    const scores = new Map(whole.hits.map(({ doc_id, score }) => [doc_id, score]));
    if (!("vector" in body || "docId" in body))
      expect(page.hits.map(({ score }) => score)).toEqual(first.slice(5).map(({ score }) => score));
    for (const { doc_id } of page.hits) expect(scores.has(doc_id)).toBe(true);
    expect((await search({ ...body, k: 7, offset: 5_000 })).hits).toEqual([]);
  });
});

test("no document comes twice while others are written between the pages", async () => {
  let round = 0;
  const rewrite = () =>
    write("docs", [{ ...documents[round++ % 90], body: `fox n${round}` }]).then(() => undefined);
  for (const body of [{ text: "fox" }, { text: "fox", vector: [1, 1] }]) {
    const ids = (await pagesOf(body, [9], "docs", rewrite)).flatMap(idsOf);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(40);
  }
  await write("docs", documents.slice(0, 90));
});

test("a cursor is of the same words, tree and fusion", async () => {
  const { next } = await search({ text: "fox", vector: [1, 1], k: 3, offset: 0 });
  expect((await search({ text: "fox", vector: [1, 1], k: 5, cursor: next ?? "" })).hits).toHaveLength(5);
  for (const other of [{ text: "dog" }, { hybrid: { rrfK: 1 } }, { legs: ["text"] }])
    expect(await refusal({ text: "fox", vector: [1, 1], cursor: next, ...other })).toMatchObject([
      { path: "cursor" },
    ]);
});

test("candidates that are told end the pages, all of which are of one order", async () => {
  const body = { text: "fox", vector: [1, 1], hybrid: { candidates: 20 } };
  const whole = idsOf(await search({ ...body, k: 20 }));
  const ids = (await pagesOf(body, [6, 7])).flatMap(idsOf);
  expect(ids.slice(0, 20)).toEqual(whole);
  expect(ids.length).toBeLessThanOrEqual(40);
});

test("a range of distances bounds what vectors find, and nothing of what words do", async () => {
  const body = { text: "n90 n5", vector: [0, 1], k: 50 };
  const { hits } = await search({ ...body, distanceRange: { max: 17 } });
  expect(idsOf({ hits }).sort()).toEqual(["d0", "d1", "d2", "d3", "d4", "d5", "d90"]);
  for (const { doc_id, distance, legs } of hits)
    if (["d5", "d90"].includes(doc_id)) expect([distance, legs?.vector]).toEqual([undefined, undefined]);
    else expect(distance).toBeLessThan(17);
  expect(await refusal({ text: "fox", distanceRange: { max: 1 } })).toEqual([
    { path: "distanceRange", message: "is for searches by vector: words have no distance" },
  ]);
});

const having = (word: string) => documents.filter(({ body }) => body.split(" ").includes(word));
const kinds = (some: typeof documents) =>
  [0, 1, 2]
    .map((value) => ({ value, count: some.filter(({ kind }) => kind === value).length }))
    .sort((a, b) => b.count - a.count || a.value - b.value);

test("of a search by text alone the rows are counted that its words find, and the filter leaves", async () => {
  const facets = [{ column: "kind" }];
  const foxes = having("fox");
  const whole = await search({ text: "fox", k: 1, count: true, facets });
  expect(whole.count).toBe(foxes.length);
  expect(whole.facets).toMatchObject([{ column: "kind", values: kinds(foxes), nulls: 0 }]);
  const filter = { op: "eq", column: "kind", value: 1 };
  expect((await search({ text: "fox", count: true, filter })).count).toBe(kinds(foxes)[1]?.count);
  expect((await search({ text: "nowhere", count: true, facets })).count).toBe(0);
  const tree = {
    op: "boolean",
    must: [{ op: "match", query: "fox" }],
    mustNot: [{ op: "match", query: "dog" }],
  };
  const dogs = new Set(having("dog"));
  expect((await search({ text: tree, k: 2, offset: 3, count: true })).count).toBe(
    foxes.filter((one) => !dogs.has(one)).length,
  );
});

test("of a search by vector, too, all rows are counted that the filter leaves", async () => {
  const filter = { op: "eq", column: "kind", value: 1 };
  expect((await search({ text: "fox", vector: [1, 1], count: true, filter })).count).toBe(count / 3);
});

test("a key with a filter pages through and counts its own rows alone", async () => {
  const filter = { op: "eq", column: "kind", value: 2 } as const;
  const own = scopedIndexes(container.indexes, {
    filter,
    refuseUnseen: () => undefined,
  } as unknown as Principal);
  const mine = having("fox").filter(({ kind }) => kind === 2);
  const first = await search({ text: "fox", k: 4, offset: 0, count: true }, "docs", own);
  const rest = await search({ text: "fox", k: 90, cursor: first.next ?? "" }, "docs", own);
  expect(first.count).toBe(mine.length);
  expect([...idsOf(first), ...idsOf(rest)].sort()).toEqual(mine.map(({ doc_id }) => doc_id).sort());
});

test("pages lead 10,000 hits deep, by words and by both, and end there", async () => {
  const many = Array.from({ length: limits.maxSearchDepth + 300 }, (_, i) => ({
    ...{ doc_id: `d${i}`, vector: [i, 1], kind: 0 },
    body: `fox ${"dog ".repeat(i % 7)}`,
  }));
  await write("deep", many.slice(0, limits.maxDocuments));
  await write("deep", many.slice(limits.maxDocuments));
  for (const body of [{ text: "fox" }, { text: "fox", vector: [1, 1] }]) {
    const ids = (await pagesOf(body, [1_000], "deep")).flatMap(idsOf);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(limits.maxSearchDepth);
    const last = await search({ ...body, k: 100, offset: limits.maxSearchDepth - 100 }, "deep");
    expect(last.hits).toHaveLength(100);
    expect(last.next).toBeNull();
    expect(await refusal({ ...body, k: 101, offset: limits.maxSearchDepth - 100 })).toMatchObject([
      { path: "offset" },
    ]);
  }
  expect((await search({ text: "fox", count: true }, "deep")).count).toBe(many.length);
}, 120_000);
