import { describe, expect, test } from "vitest";
import { type HttpClient, issuePaths } from "./http-client.ts";

type Found = { doc_id: string; distance?: number; score: number; legs?: { vector?: Leg; text?: Leg } };
type Leg = { rank: number; distance?: number; score: number };

const texts = [
  "The quick brown fox jumps over the lazy dog",
  "Foxes are quick; a fox is no dog",
  "Lazy dogs sleep all day",
  "Cats and mice, quick and lazy",
];
const titles = ["Proverb", "About the FOX", "about the fox", "Straße"];
const tags = [["animal", "old"], ["animal"], [], null];
const documents = texts.map((body, i) => ({
  ...{ doc_id: `d${i}`, vector: [i + 1, 1], body, title: titles[i], tags: tags[i] },
  at: `2026-01-0${i + 1}T00:30:00+02:00`,
  size: `900719925474099${i}`,
}));
const columns = [
  { name: "body", type: "Utf8" },
  { name: "title", type: "Utf8" },
  { name: "tags", type: "List<Utf8>" },
  { name: "at", type: "Timestamp<MICROSECOND, UTC>" },
  { name: "size", type: "Int64" },
];
const fullText = [
  { column: "body", language: "en" },
  { column: "title", language: "en", positions: false },
];

/** What the contract says of searches by words, and by words and vectors together. @param server once it is up */
export function describeText(server: () => { http: HttpClient; bucket: string }): void {
  describe("documents that have texts", () => {
    const create = (name: string, more: object = {}) =>
      server().http.call(
        "createIndex",
        {},
        { body: { name, bucket: server().bucket, dimension: 2, metric: "l2", columns, ...more } },
      );

    const write = (index: string, some: object[] = documents) =>
      server().http.call("writeDocuments", { index }, { body: { documents: some } });

    const search = (body: object, index = "texts") =>
      server().http.search(index, { consistency: "strong", select: [], ...body });

    const hitsOf = async (body: object, index?: string): Promise<Found[]> =>
      (await search(body, index)).body.hits;

    const ids = async (body: object) => (await hitsOf(body)).map(({ doc_id }) => doc_id);

    test("an index tells its full text, and words find documents by their stems, the best first", async () => {
      const { body } = await create("texts", { fullText, filterColumns: ["tags", "size"] });
      expect(body.published.fullText).toMatchObject([
        { column: "body", language: "en", tokenizer: "simple", stem: true, stopWords: true, positions: true },
        { column: "title", positions: false },
      ]);
      expect((await write("texts")).body).toMatchObject({ inserted: 4 });
      const found = (await search({ text: "foxes" })).body;
      expect(found.hits.map(({ doc_id }: Found) => doc_id).sort()).toEqual(["d0", "d1", "d2"]);
      expect(found.hits).toEqual(found.hits.toSorted((a: Found, b: Found) => b.score - a.score));
      for (const hit of found.hits) expect(Object.keys(hit).sort()).toEqual(["doc_id", "score"]);
      expect(found.performance).toMatchObject({ textUnindexedRows: 4 });
    });

    const body = (query: string, more: object = {}) => ({ op: "match", query, columns: ["body"], ...more });
    test.each<[string, unknown, string[]]>([
      ["all words", body("quick lazy", { operator: "and" }), ["d0", "d3"]],
      ["a phrase", { op: "phrase", query: "quick brown", column: "body" }, ["d0"]],
      [
        "a phrase with a word between",
        { op: "phrase", query: "quick fox", column: "body", slop: 1 },
        ["d0", "d1"],
      ],
      ["one column", { op: "match", query: "fox", columns: ["title"] }, ["d1", "d2"]],
      [
        "a tree",
        {
          op: "boolean",
          must: [body("quick")],
          should: [body("mice")],
          mustNot: [{ op: "phrase", query: "brown fox", column: "body" }],
        },
        ["d1", "d3"],
      ],
      [
        "what lowers a score",
        { op: "boost", positive: body("dog"), negative: body("lazy"), negativeBoost: 1 },
        ["d0", "d1", "d2"],
      ],
      ["stop words alone", "the", []],
    ])("%s is found", async (_, text, expected) => {
      expect((await ids({ text })).sort()).toEqual(expected);
    });

    test("a filter leaves of what words find what it takes, and counts are of what both do", async () => {
      const filter = { op: "contains", column: "tags", value: "animal" };
      const asked = { text: "fox", k: 1, filter, count: true, facets: [{ column: "tags" }] };
      const found = (await search(asked)).body;
      expect(["d0", "d1"]).toContain(found.hits[0].doc_id);
      expect(found.count).toBe(2);
      const values = ["animal", "old"].map((value, i) => ({ value, count: 2 - i }));
      expect(found.facets).toMatchObject([{ column: "tags", values, nulls: 0 }]);
      expect((await ids({ ...asked, k: 9 })).sort()).toEqual(["d0", "d1"]);
      const rare = (await search({ ...asked, text: "brown" })).body;
      expect([rare.count, rare.facets[0].values.length]).toEqual([1, 2]);
      expect((await search({ ...asked, text: "brown", vector: [1, 1] })).body.count).toBe(2);
    });

    test("what words find, or both legs, comes in pages, by offset and by cursor", async () => {
      for (const asked of [{ text: "fox lazy" }, { text: "fox", vector: [4, 1] }]) {
        const whole = await hitsOf(asked);
        expect(whole).toHaveLength(4);
        const first = (await search({ ...asked, k: 2, offset: 1 })).body;
        expect(first.hits).toEqual(whole.slice(1, 3));
        const last = (await search({ ...asked, k: 2, cursor: first.next, select: ["title"] })).body;
        expect(last.hits).toEqual(
          whole.slice(3).map((hit) => ({ ...hit, title: titles[Number(hit.doc_id[1])] })),
        );
        expect(last.next).toBeNull();
        const other = await search({ ...asked, text: "dog", cursor: first.next });
        expect(issuePaths(other)).toEqual(["body.cursor"]);
      }
    });

    test("a range of distances is of what vectors find: words find documents beyond it", async () => {
      const found = await hitsOf({ vector: [4, 1], text: "brown", distanceRange: { max: 2 } });
      expect(found.map(({ doc_id }) => doc_id).sort()).toEqual(["d0", "d2", "d3"]);
      const { legs, distance } = found.find(({ doc_id }) => doc_id === "d0") as Found;
      expect([distance, legs]).toEqual([undefined, { text: { rank: 1, score: expect.any(Number) } }]);
    });

    test("of a hybrid search each hit has its ranks and scores of both legs, fused by them", async () => {
      const both = { vector: [4, 1], text: "fox" };
      const near = await hitsOf({ vector: both.vector });
      const read = await hitsOf({ text: both.text });
      const place = (hits: Found[], { doc_id }: Found) => hits.findIndex((one) => one.doc_id === doc_id) + 1;
      const fused = await hitsOf(both);
      expect(fused.map(({ doc_id }) => doc_id).sort()).toEqual(["d0", "d1", "d2", "d3"]);
      for (const hit of fused) {
        const ranks = [place(near, hit), place(read, hit)];
        expect([hit.legs?.vector?.rank, hit.legs?.text?.rank ?? 0]).toEqual(ranks);
        const { doc_id: _, ...vector } = near[(ranks[0] ?? 0) - 1] as Found;
        expect(hit.legs?.vector).toMatchObject(vector);
        expect(hit.legs?.text?.score).toEqual(read[(ranks[1] ?? 0) - 1]?.score);
        const score = ranks.filter((rank) => rank > 0).reduce((sum, rank) => sum + 1 / (60 + rank), 0);
        expect(hit.score).toBeCloseTo(score, 9);
      }
      expect(fused).toEqual(fused.toSorted((a, b) => b.score - a.score));
      const alone = { fusion: "rrf", rrfK: 1, weights: { vector: 0, text: 3 }, candidates: 10 };
      expect((await hitsOf({ ...both, k: 1, hybrid: alone }))[0]).toMatchObject({
        doc_id: read[0]?.doc_id,
        score: expect.closeTo(1.5, 9),
      });
      const weighted = { fusion: "weighted", weights: { vector: 1, text: 0 } };
      const [best, ...others] = await hitsOf({ ...both, hybrid: weighted });
      expect(best).toMatchObject({ doc_id: "d3", score: expect.closeTo(1, 9) });
      expect(others.at(-1)?.score).toBeCloseTo(0, 9);
    });

    test("legs leaves one of them out", async () => {
      const both = { vector: [4, 1], text: "fox" };
      expect(await hitsOf({ ...both, legs: ["text"] })).toEqual(await hitsOf({ text: "fox" }));
      expect(await hitsOf({ ...both, legs: ["vector"] })).toEqual(await hitsOf({ vector: [4, 1] }));
      expect(issuePaths(await search({ text: "fox", legs: ["vector", "near"] }))).toEqual(["body.legs[1]"]);
    });

    test("many queries at once go by words, by a vector and by both, each as alone", async () => {
      const queries = [
        { text: "fox" },
        { vector: [4, 1] },
        { text: "lazy", docId: "d1", includeSelf: true, hybrid: { fusion: "weighted" } },
      ];
      const { results } = (await search({ queries, k: 3 })).body;
      for (const [i, query] of queries.entries())
        expect(results[i].hits).toEqual(await hitsOf({ ...query, k: 3 }));
    });

    test.each<[string, object, string[]]>([
      ["a column without full text", { text: body("fox", { columns: ["tags"] }) }, ["text.columns[0]"]],
      ["phrases where no positions are", { text: { op: "phrase", query: "a", column: "title" } }, ["text"]],
      [
        "beginnings of words in columns with stems",
        { text: { op: "prefix", query: "fo" } },
        ["text.columns", "text.columns"],
      ],
      ["an empty text", { text: " " }, ["text"]],
      ["no text", { text: 7 }, ["text"]],
      ["what only an index of vectors has", { text: "fox", nprobes: 3 }, ["nprobes"]],
      ["a fusion of one leg", { text: "fox", hybrid: {} }, ["hybrid"]],
      [
        "rrfK of weights",
        { vector: [1, 1], text: "fox", hybrid: { fusion: "weighted", rrfK: 2 } },
        ["hybrid.rrfK"],
      ],
      [
        "weights that are none",
        { vector: [1, 1], text: "a", hybrid: { weights: { vector: 0, text: 0 } } },
        ["hybrid.weights"],
      ],
      ["an offset too deep", { text: "fox", offset: 9_999 }, ["offset"]],
      ["what is no cursor", { vector: [4, 1], text: "fox", cursor: "AAAA" }, ["cursor"]],
      ["a distance of words", { text: "fox", distanceRange: { max: 1 } }, ["distanceRange"]],
    ])("a search by %s is refused", async (_, asked, paths) => {
      expect(issuePaths(await search(asked))).toEqual(paths.map((path) => `body.${path}`));
    });

    test("filters look into lists, and at strings whatever their case", async () => {
      const found = async (filter: object) =>
        (
          await server().http.call("queryDocuments", { index: "texts" }, { body: { filter, select: [] } })
        ).body.documents.map(({ doc_id }: Found) => doc_id);
      const of = (op: string, more: object = {}, column = "tags") => found({ op, column, ...more });
      expect(await of("contains", { value: "old" })).toEqual(["d0"]);
      expect(await of("any", { values: ["old", "animal", "new"] })).toEqual(["d0", "d1"]);
      expect(await of("all", { values: ["old", "animal"] })).toEqual(["d0"]);
      expect(await of("exists")).toEqual(["d0", "d1", "d2"]);
      expect(await of("not_in", { values: ["d1", "d2"] }, "doc_id")).toEqual(["d0", "d3"]);
      expect(await of("starts_with", { prefix: "About" }, "title")).toEqual(["d1"]);
      expect(await of("eq_ignore_case", { value: "ABOUT the fox" }, "title")).toEqual(["d1", "d2"]);
      expect(await of("in", { values: ["9007199254740992", "9007199254740993"] }, "size")).toEqual([
        "d2",
        "d3",
      ]);
      for (const low of ["2026-01-02T22:30:00Z", "2026-01-02T17:30:00-05:00", "2026-01-03T00:30:00+02:00"])
        expect(await of("gte", { value: low }, "at"), low).toEqual(["d2", "d3"]);
    });

    test("an index without full text refuses words by name, and gets it by a job", async () => {
      await create("wordless");
      await write("wordless");
      const refused = await search({ text: "fox" }, "wordless");
      expect(issuePaths(refused)).toEqual(["body.text"]);
      expect(refused.body.issues[0].message).toContain("no full text, which a build-index job with fullText");
      const { http } = server();
      const bad = { type: "build-index", index: "wordless", fullText: [{ column: "a" }, { column: "a" }] };
      expect(issuePaths(await http.startJob(bad))).toEqual(["body.fullText[1].column"]);
      const asked = { type: "build-index", index: "wordless", fullText };
      const { id } = (await http.startJob(asked)).body;
      expect(await http.jobWhen(id, ({ state }) => state !== "running")).toMatchObject({
        ...{ state: "succeeded", error: null, input: { fullText } },
      });
      const indexed = (await search({ text: "foxes" }, "wordless")).body;
      expect(indexed.performance).toMatchObject({ generation: "g2", textUnindexedRows: 0 });
      expect(indexed.hits).toHaveLength(3);
      await write("wordless", [{ doc_id: "new", vector: [9, 9], body: "a fox, a fox, a fox" }]);
      const after = (await search({ text: body("foxes") }, "wordless")).body;
      expect(after.hits.map(({ doc_id }: Found) => doc_id)).toContain("new");
      expect(after.performance).toMatchObject({ textUnindexedRows: 1 });
      const { stats } = (await http.call("getIndex", { index: "wordless" })).body;
      expect(stats.indexes).toContainEqual(
        expect.objectContaining({ column: "title", unindexedRows: 1, bytes: expect.any(Number) }),
      );
    });

    test("full text that cannot be is refused when the index is made", async () => {
      const refused = async (fullText: object[]) => issuePaths(await create("refused", { fullText }));
      expect(await refused([{ column: "tags" }, { column: "nope" }])).toEqual([
        "body.fullText[0].column",
        "body.fullText[1].column",
      ]);
      expect(await refused([{ column: "body", language: "ja", stem: true }])).toEqual([
        "body.fullText[0].stem",
      ]);
      expect(await refused([{ column: "body", tokenizer: "jieba" }])).toEqual(["body.fullText[0].tokenizer"]);
    });
  });
}
