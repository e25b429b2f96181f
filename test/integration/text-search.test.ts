import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import type { Principal } from "../../lib/domain/access/principal.ts";
import { scopedIndexes } from "../../lib/domain/access/scoped-readers.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";

let lakehouse: Lakehouse;
let container: Container;

const texts = [
  "The quick brown fox jumps over the lazy dog",
  "Foxes are quick; a fox is no dog",
  "Lazy dogs sleep all day",
  "Cats and mice, quick and lazy",
  "",
];
const documents = texts.map((body, i) => ({
  doc_id: `d${i}`,
  vector: [i + 1, 1],
  body,
  title: i === 2 ? "About the fox" : `Number ${i}`,
  even: i % 2 === 0,
}));

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await createIndex(
    container,
    createRequest.parse({
      name: "docs",
      dimension: 2,
      metric: "l2",
      columns: [
        { name: "body", type: "Utf8" },
        { name: "title", type: "Utf8" },
        { name: "note", type: "Utf8" },
        { name: "even", type: "Bool" },
      ],
      fullText: [
        { column: "body", language: "en" },
        { column: "title", language: "en", positions: false },
      ],
    }),
    undefined,
  );
  await write(documents);
});

afterAll(() => lakehouse.remove());

const write = (some: object[]) =>
  writeDocuments(container, { index: "docs", documents: some, mode: "upsert", keyed: undefined }, 20_000);

const search = (body: object, indexes = container.indexes) =>
  searchIndex(indexes, "docs", parseSearchRequest({ consistency: "strong", select: [], ...body }), 10_000);

const ids = async (body: object) => (await search(body)).hits.map(({ doc_id }) => doc_id);

const refusal = (body: object, indexes?: Container["indexes"]) =>
  search(body, indexes).catch((error: DomainError) => error.issues);

test("words find documents by their stems in all full-text columns, the best first", async () => {
  const { hits, performance } = await search({ text: "foxes", select: ["title"] });
  expect(hits.map(({ doc_id }) => doc_id).sort()).toEqual(["d0", "d1", "d2"]);
  expect(hits).toEqual(hits.toSorted((a, b) => b.score - a.score));
  expect(hits.find(({ doc_id }) => doc_id === "d2")).toEqual({
    doc_id: "d2",
    title: "About the fox",
    score: expect.any(Number),
  });
  expect(performance).toMatchObject({ textUnindexedRows: 5, version: expect.any(Number) });
  expect(performance).not.toHaveProperty("nprobes");
});

test.each<[string, unknown, string[]]>([
  ["all words", { op: "match", query: "quick lazy", operator: "and", columns: ["body"] }, ["d0", "d3"]],
  ["any of the words", { op: "match", query: "mice sleeping", columns: ["body"] }, ["d2", "d3"]],
  ["one column", { op: "match", query: "fox", columns: ["title"] }, ["d2"]],
  ["a phrase", { op: "phrase", query: "quick brown", column: "body" }, ["d0"]],
  [
    "a phrase with a word between",
    { op: "phrase", query: "quick fox", column: "body", slop: 1 },
    ["d0", "d1"],
  ],
  [
    "a tree",
    {
      op: "boolean",
      must: [{ op: "match", query: "quick" }],
      should: [{ op: "match", query: "mice" }],
      mustNot: [{ op: "phrase", query: "brown fox", column: "body" }],
    },
    ["d1", "d3"],
  ],
  [
    "what lowers a score",
    {
      op: "boost",
      positive: { op: "match", query: "dog" },
      negative: { op: "match", query: "lazy" },
      negativeBoost: 1,
    },
    ["d0", "d1", "d2"],
  ],
  ["stop words alone", "the", []],
  ["punctuation alone", "?!", []],
])("%s", async (_, text, found) => {
  expect((await ids({ text })).sort()).toEqual(found);
});

test("the best of a tree is what has more of it", async () => {
  const quick = { op: "match", query: "quick", columns: ["body"] };
  const mice = { op: "match", query: "mice", columns: ["body"] };
  expect((await ids({ text: { op: "boolean", must: [quick], should: [mice] } }))[0]).toBe("d3");
  const lowered = { op: "boost", positive: quick, negative: mice, negativeBoost: 1 };
  expect((await ids({ text: lowered })).at(-1)).toBe("d3");
});

test("a filter holds for words as it does for vectors, and in both legs of a hybrid search", async () => {
  const filter = { op: "eq", column: "even", value: true };
  expect((await ids({ text: "fox", filter })).sort()).toEqual(["d0", "d2"]);
  expect((await ids({ text: "fox", vector: [2, 1], filter })).sort()).toEqual(["d0", "d2", "d4"]);
});

test("a hybrid hit says which legs found it, at which ranks and with which scores", async () => {
  const { hits } = await search({ text: "fox", vector: [5, 1], k: 5, hybrid: { rrfK: 1 }, select: ["even"] });
  const worded = await search({ text: "fox" });
  const near = await search({ vector: [5, 1], k: 5 });
  for (const { doc_id, legs, distance, score, even } of hits) {
    const [inVector, inText] = [near, worded].map((leg) =>
      leg.hits.findIndex((one) => one.doc_id === doc_id),
    );
    expect(legs?.vector?.rank).toBe((inVector ?? 0) + 1);
    expect(legs?.text?.rank).toBe((inText ?? -1) < 0 ? undefined : (inText ?? 0) + 1);
    expect(legs?.text?.score).toBe(worded.hits[inText ?? -1]?.score);
    expect(distance).toBe(near.hits[inVector ?? -1]?.distance);
    const ranks = [legs?.vector?.rank, legs?.text?.rank].filter((rank) => rank !== undefined);
    expect(score).toBeCloseTo(
      ranks.reduce((sum, rank) => sum + 1 / (1 + rank), 0),
      12,
    );
    expect(even).toBe(Number(doc_id[1]) % 2 === 0);
  }
});

test("k is taken of what is fused, not of each leg before", async () => {
  const asked = { text: "fox quick", vector: [2.1, 1], hybrid: { rrfK: 1_000 } };
  const all = await search({ ...asked, k: 5 });
  const [first] = (await search({ ...asked, k: 1 })).hits;
  expect(first?.doc_id).toBe(all.hits[0]?.doc_id);
  expect(Object.keys(first?.legs ?? {})).toEqual(["vector", "text"]);
  const far = { text: "mice", vector: [1, 1], hybrid: { rrfK: 1_000 } };
  expect(await ids({ ...far, k: 1 })).toEqual(["d3"]); // fourth by its vector
  expect(await ids({ ...far, k: 1, hybrid: { rrfK: 1_000, candidates: 1 } })).toEqual(["d0"]); // a tie of two firsts
});

test("weights count for the leg they name, whichever fusion", async () => {
  for (const how of [{ fusion: "rrf", rrfK: 1 }, { fusion: "weighted" }]) {
    const first = async (weights: object) =>
      (await ids({ text: "mice", vector: [1, 1], hybrid: { ...how, weights } }))[0];
    expect(await first({ vector: 1, text: 10 })).toBe("d3");
    expect(await first({ vector: 10, text: 1 })).toBe("d0");
  }
});

test("legs say what is searched by, and a document's own words are left out with it", async () => {
  expect(await ids({ text: "mice", vector: [1, 1], legs: ["text"] })).toEqual(["d3"]);
  expect(await ids({ text: "mice", vector: [1, 1], legs: ["vector"], k: 1 })).toEqual(["d0"]);
  expect(await ids({ text: "mice", docId: "d3" })).not.toContain("d3");
  expect(await ids({ text: "mice", docId: "d3", includeSelf: true })).toContain("d3");
});

test("what does not fit the index is told with everything else", async () => {
  const issues = await refusal({
    text: { op: "phrase", query: "a b", column: "title" },
    select: ["nothing"],
  });
  expect(issues).toEqual([
    { path: "select[0]", message: expect.stringMatching("no such column") },
    { path: "text", message: expect.stringMatching("positions: true") },
  ]);
});

test("without a vector, and a provider that makes one, what is for vectors is refused", async () => {
  expect(await refusal({ text: "fox", nprobes: 3, hybrid: {} })).toEqual([
    { path: "nprobes", message: "is for searches by vector" },
    { path: "hybrid", message: "is for searches by both vector and text" },
  ]);
  expect(await refusal({ text: "fox", legs: ["vector"] })).toMatchObject([
    { path: "text", message: expect.stringMatching("embedding provider") },
  ]);
});

test("both legs of a hybrid search are of one version, while another writes", async () => {
  const marked = (round: number) =>
    ["m0", "m1"].map((doc_id) => ({
      doc_id,
      vector: [100, round],
      note: `${round}`,
      body: `marker${round} zebra`,
    }));
  await write(marked(0));
  let writing = true;
  const writer = (async () => {
    for (let round = 1; writing && round < 40; round++) await write(marked(round));
  })();
  for (let i = 0; i < 25; i++) {
    const { hits } = await search({
      text: "zebra",
      vector: [100, 1],
      k: 2,
      select: ["note"],
      legs: ["vector", "text"],
    });
    expect(hits.map(({ doc_id }) => doc_id).sort()).toEqual(["m0", "m1"]);
    expect(hits[0]?.["note"]).toBe(hits[1]?.["note"]);
    for (const { distance, note } of hits) expect(distance).toBeCloseTo((Number(note) - 1) ** 2, 3);
  }
  writing = false;
  await writer;
});

const own = (value: string) =>
  scopedIndexes(container.indexes, {
    filter: { op: "eq", column: "note", value },
    refuseUnseen: () => undefined,
  } as unknown as Principal);

test("a key with a filter ranks by its own rows alone, whatever others write", async () => {
  const mine = ["apple pear", "apple", "apple plum"].map((body, i) => ({
    doc_id: `own${i}`,
    vector: [i, 9],
    note: "mine",
    body,
  }));
  await write(mine);
  const asked = { text: "apple plum pear", select: ["body"] };
  const answer = async () => (await search(asked, own("mine"))).hits;
  const before = await answer();
  expect(before.map(({ doc_id }) => doc_id)).toEqual(["own0", "own2", "own1"]);
  await write(
    Array.from({ length: 50 }, (_, i) => ({
      doc_id: `other${i}`,
      vector: [i, 9],
      note: "theirs",
      body: "plum plum apple plum",
    })),
  );
  expect(await answer()).toEqual(before);
  const { hits, performance } = await search({ ...asked, vector: [0, 9], k: 10 }, own("mine"));
  expect(hits).toHaveLength(3);
  expect(performance).not.toHaveProperty("textUnindexedRows");
  expect(await refusal({ text: { op: "match", query: "aple", fuzziness: 1 } }, own("mine"))).toMatchObject([
    { path: "text", message: "fuzziness is not for a key with a filter" },
  ]);
});
