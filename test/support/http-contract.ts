import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Int64 } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Job } from "../../lib/domain/jobs/job.ts";
import type { Stores } from "../../lib/domain/object-store.ts";
import { cursorOf } from "../../lib/domain/search/list-cursor.ts";
import { problem } from "../../lib/http/operations.ts";
import { appendRows } from "./append-rows.ts";
import { EmbeddingServer } from "./embedding-server.ts";
import { describeAccess } from "./http-access.ts";
import { type Answer, HttpClient, issuePaths } from "./http-client.ts";
import { describeDocuments } from "./http-documents.ts";
import { declaredProviders, describeEmbedding, providerKeys } from "./http-embedding.ts";
import { describeExports } from "./http-export.ts";
import { describeText } from "./http-text.ts";
import { type OfflineApi, startOffline } from "./offline-server.ts";
import { parquetBytes, type Row, sampleRows } from "./parquet-files.ts";

/** Where the contract is held: the same routes over another store must answer the same. */
export interface ContractBackend {
  /** An alias for sources and indexes, empty like `primary`. */
  bucket: string;
  /** Makes a process of ours work on it. */
  environment: Record<string, string>;
  /** The same buckets, past the API. */
  stores: Stores;
  /** What no answer may show. */
  secrets: string[];
  remove(): Promise<void>;
}

const idOf = ({ doc_id }: { doc_id: string }) => doc_id;

const oddIds = [
  "a/b",
  "what?",
  "#1",
  "50%",
  "%41",
  "%2F",
  "a b",
  "a+b",
  "größe 😀",
  `"it's"`,
  "..",
  "a\\b",
  "&=;,",
  "\ufeffd1",
  "a\0b",
];
const smallRows = (): Row[] => [
  ...oddIds.map((doc_id, i) => ({ doc_id, vector: [1, i, 0, 0], size: 2n ** 53n + BigInt(i) })),
  ...sampleRows(5, 4).map((row, i) => ({ doc_id: row.doc_id, vector: row.vector, size: BigInt(i) })),
];

/** Holds the contract over a store of its own. @param open with more of its lakehouse.toml: providers */
export function describeHttpContract(
  name: string,
  open: (providers: string) => Promise<ContractBackend>,
): void {
  describe(`the HTTP contract over ${name}`, () => {
    let providers: EmbeddingServer;
    let backend: ContractBackend;
    let bucket: string;
    let small: string;
    let api: OfflineApi;
    let http: HttpClient;
    let job: Job;

    beforeAll(async () => {
      providers = await EmbeddingServer.start();
      const opened = await open(declaredProviders(providers));
      backend = { ...opened, environment: { ...opened.environment, ...providerKeys } };
      bucket = backend.bucket;
      small = `${bucket}/sources/small.parquet`;
      const rows = parquetBytes(smallRows(), { types: { size: new Int64() } });
      await backend.stores(bucket).put("sources/small.parquet", rows);
      api = await startOffline(backend.environment);
      http = new HttpClient(api.url);
      job = await http.migrate("small", small, { bucket, metric: "l2" });
    });

    afterAll(async () => {
      await api?.stop();
      await backend?.remove();
      await providers?.stop();
    });

    describe("what a new user does", () => {
      test("health, buckets and the contract are there", async () => {
        expect((await http.call("health")).body.versions).toHaveProperty("node");
        expect((await http.call("listBuckets")).body.buckets).toContainEqual({
          name: "examples",
          backend: "local",
          readOnly: true,
        });
        expect((await http.call("openapi")).body.openapi).toBe("3.1.0");
      });

      test("a migrated index is described and searched, nearest first", async () => {
        const { body } = await http.call("getIndex", { index: "small" });
        expect(body).toMatchObject({ state: "ready", published: { bucket, dimension: 4, metric: "l2" } });
        expect(body.stats.rows).toBe(oddIds.length + 5);
        const found = await http.search("small", { vector: [1, 0, 0, 0], k: 3 });
        expect(found.body.hits.map((hit: { doc_id: string }) => hit.doc_id)[0]).toBe("a/b");
        const distances = found.body.hits.map((hit: { distance: number }) => hit.distance);
        expect(distances).toEqual(distances.toSorted((a: number, b: number) => a - b));
      });

      test("what is like a document is found by its id, without itself or with it", async () => {
        const { body } = await http.call(
          "fetchDocument",
          { index: "small", docId: "d1" },
          { query: "?select=vector" },
        );
        const byVector = await http.search("small", { vector: body.vector, k: 4 });
        const idsBy = async (more: object) =>
          (await http.search("small", { docId: "d1", ...more })).body.hits.map(idOf);
        const ids = byVector.body.hits.map(idOf);
        expect(ids[0]).toBe("d1");
        expect(await idsBy({ k: 4, includeSelf: true })).toEqual(ids);
        expect(await idsBy({ k: 3 })).toEqual(ids.slice(1));
        const { status, body: problem } = await http.search("small", { docId: "nobody" });
        expect([status, problem.code]).toEqual([404, "document-not-found"]);
      });

      test("hits come in pages, by offset and by cursor, with counts of all that the filter leaves", async () => {
        const vector = [1, 0, 0, 0];
        const whole = (await http.search("small", { vector, k: 1_000 })).body.hits.map(idOf);
        const filter = { op: "gte", column: "size", value: 0 };
        const first = (await http.search("small", { vector, k: 4, offset: 2, count: true, filter })).body;
        expect(first).toMatchObject({ count: whole.length });
        expect(first.hits.map(idOf)).toEqual(whole.slice(2, 6));
        const facets = [{ column: "size", limit: 1 }];
        const rest = { vector, k: 500, cursor: first.next, facets, filter, select: ["vector"] };
        const { body } = await http.search("small", rest);
        expect(body.hits.map(idOf)).toEqual(whole.slice(6));
        expect(body.hits[0].vector).toHaveLength(4);
        expect(body.next).toBeNull();
        expect(body.facets).toMatchObject([{ column: "size", moreValues: whole.length - 1 }]);
        const paths = async (more: object) => issuePaths(await http.search("small", { vector, ...more }));
        expect(await paths({ cursor: first.next })).toEqual(["body.cursor"]);
        expect(await paths({ offset: 9_999, k: 2 })).toEqual(["body.offset"]);
        expect(await paths({ facets: [{ column: "vector" }] })).toEqual(["body.facets[0].column"]);
      });

      test("the best hits of each value of a column come in groups, nearest first", async () => {
        const vector = [1, 0, 0, 0];
        const whole = (await http.search("small", { vector, k: 1_000, select: ["size"] })).body.hits;
        const by = (more: object) => http.search("small", { vector, select: ["size"], ...more });
        const { groups, performance } = (await by({ groupBy: { column: "size", limit: 4, size: 2 } })).body;
        expect(groups).toEqual(
          whole.slice(0, 4).map((hit: { size: unknown }) => ({ value: hit.size, hits: [hit] })),
        );
        expect(performance.searches).toBe(1);
        const all = (await by({ groupBy: { column: "doc_id", limit: 100 } })).body.groups;
        expect(all.map(({ value }: { value: unknown }) => value)).toEqual(whole.map(idOf));
        const paths = async (more: object) => issuePaths(await by(more));
        expect(await paths({ groupBy: { column: "vector" } })).toEqual(["body.groupBy.column"]);
        expect(await paths({ groupBy: { column: "nothing" } })).toEqual(["body.groupBy.column"]);
        expect(await paths({ groupBy: { column: "size", limit: 101 }, k: 3 })).toEqual([
          "body.groupBy.limit",
          "body.k",
        ]);
        const many = { queries: [{ vector }], groupBy: { column: "size" } };
        expect(issuePaths(await http.search("small", many))).toEqual(["body.groupBy"]);
      });

      test("a search and a query say how they were found, and what that cost, where that is asked for", async () => {
        const body = { vector: [1, 0, 0, 0], k: 3, exact: true, explain: true };
        const found = (await http.search("small", body)).body;
        expect(found.hits).toEqual((await http.search("small", { ...body, explain: false })).body.hits);
        const { index, steps, cost, explaining, withheld } = found.explain;
        expect([index.type, withheld]).toEqual(["EXACT", []]);
        const rows = oddIds.length + 5;
        expect(steps).toMatchObject([{ step: "vector", k: 3, exact: true, found: 3, filtered: false }]);
        expect(steps[0].work).toMatchObject({ searches: 1, comparedByVectors: rows });
        expect(cost).toMatchObject({ counted: "all", shared: false });
        expect([cost.dollars > 0, explaining.ms > 0]).toEqual([true, true]);
        const filter = { op: "gte", column: "size", value: 0 };
        const query = { filter, limit: 2, count: true, explain: true };
        const { body: page } = await http.call("queryDocuments", { index: "small" }, { body: query });
        expect(page.explain.steps.map(({ step }: { step: string }) => step).sort()).toEqual([
          "counts",
          "page",
        ]);
        const many = { queries: [{ vector: [1, 0, 0, 0] }], explain: true };
        expect((await http.search("small", many)).body.explain.steps.length).toBeGreaterThan(0);
        expect(issuePaths(await http.search("small", { ...body, explain: 1 }))).toEqual(["body.explain"]);
      });

      test("every row is compared where that is asked for, and no index is told of", async () => {
        const exact = { vector: [1, 0, 0, 0], k: 1_000, exact: true };
        const { hits, performance } = (await http.search("small", exact)).body;
        expect(hits).toHaveLength(oddIds.length + 5);
        expect(hits[0].doc_id).toBe("a/b");
        expect(performance).not.toHaveProperty("nprobes");
      });

      test("recall is measured on rows, or on vectors that are sent, against every row that the filter leaves", async () => {
        const ask = (body: object) => http.call("measureRecall", { index: "small" }, { body });
        const drawn = (await ask({ k: 3, queries: 8, consistency: "strong" })).body;
        expect(drawn).toMatchObject({ k: 3, recall: 1, standardError: 0, queries: 8, drawn: "rows" });
        expect(drawn.promised).toMatchObject({ target: 0.95, measured: 1 });
        const filter = { op: "lt", column: "size", value: 5 };
        const vectors = [
          [1, 0, 0, 0],
          [0, 1, 0, 0],
        ];
        expect((await ask({ k: 100, vectors, filter })).body).toMatchObject({ recall: 1, queries: 2 });
        const paths = async (body: object) => issuePaths(await ask(body));
        expect(await paths({ k: 0, vectors: [[1, 2]], nobody: 1 })).toEqual(["body.k", "body.nobody"]);
        expect(await paths({ vectors: [[1, 2]], queries: 2 })).toEqual(["body.queries"]);
        expect(await paths({ vectors: [vectors[0], [1, 2]] })).toEqual(["body.vectors[1]"]);
        const { status, body } = await http.call("measureRecall", { index: "nothing" }, { body: {} });
        expect([status, body.code]).toEqual([404, "index-not-found"]);
      });

      test("a range of distances holds its min, its max not, and is a row's own, not its code's", async () => {
        const asked = { vector: [1, 0, 0, 0], k: 1_000, select: [] };
        const { hits } = (await http.search("small", { ...asked, exact: true })).body;
        const [min, max] = [hits[1].distance, hits[3].distance];
        const inside = hits.filter(({ distance }: { distance: number }) => distance >= min && distance < max);
        for (const more of [{}, { exact: true }]) {
          const { body } = await http.search("small", { ...asked, distanceRange: { min, max }, ...more });
          expect(body.hits.map(idOf).sort()).toEqual(inside.map(idOf).sort());
        }
        const none = await http.search("small", { ...asked, distanceRange: { min: 1e9 } });
        expect(none.body.hits).toEqual([]);
      });

      test("what words find is shown in parts of its text, with their places", async () => {
        const index = { name: "marked", bucket, dimension: 2, metric: "l2" };
        const columns = [{ name: "body", type: "Utf8" }];
        const made = { ...index, columns, fullText: [{ column: "body", language: "en" }] };
        expect((await http.call("createIndex", {}, { body: made })).status).toBe(201);
        const documents = [{ doc_id: "a", vector: [1, 2], body: "Two foxes 🦊 running" }];
        expect((await http.call("writeDocuments", { index: "marked" }, { body: { documents } })).status).toBe(
          200,
        );
        const asked = { text: "run fox", select: [], consistency: "strong", highlight: true };
        const { hits } = (await http.search("marked", asked)).body;
        const [fragment] = hits[0].highlights[0].fragments;
        expect(hits[0].highlights).toEqual([{ column: "body", fragments: [fragment] }]);
        const matches = [
          { start: 4, end: 9 },
          { start: 13, end: 20 },
        ];
        expect(fragment).toEqual({ text: "Two foxes 🦊 running", start: 0, matches });
        const fuzzy = { ...asked, text: { op: "match", query: "FOXX", fuzziness: 1 }, count: true };
        expect((await http.search("marked", fuzzy)).body).toMatchObject({
          count: 1,
          hits: [{ doc_id: "a" }],
        });
        const paths = async (more: object) => issuePaths(await http.search("marked", { ...asked, ...more }));
        expect(await paths({ highlight: { fragments: 6 } })).toEqual(["body.highlight.fragments"]);
        expect(await paths({ highlight: { columns: ["doc_id"] } })).toEqual(["body.highlight.columns[0]"]);
        expect(await paths({ text: undefined, vector: [1, 2] })).toEqual(["body.highlight"]);
        expect((await http.call("dropIndex", { index: "marked" })).status).toBe(204);
      });

      test("many queries are answered at once, each as alone, or refused by name", async () => {
        const queries = [{ vector: [1, 0, 0, 0], k: 2 }, { docId: "d1" }, { docId: "nobody" }];
        const many = await http.search("small", { queries, k: 3, select: [] });
        const [first, second, third] = many.body.results;
        const alone = async (query: object) =>
          (await http.search("small", { k: 3, select: [], ...query })).body.hits.map(idOf);
        expect(first.hits.map(idOf)).toEqual(await alone(queries[0] ?? {}));
        expect(second.hits.map(idOf)).toEqual(await alone(queries[1] ?? {}));
        expect(third).toMatchObject({ problem: { code: "document-not-found" } });
        const bad = { queries: [...queries, { vector: [1] }, { vector: [1, 0, 0, 0], k: 0 }] };
        expect(issuePaths(await http.search("small", bad))).toEqual(["body.queries[4].k"]);
        const unfit = { queries: [...queries, { vector: [1] }] };
        expect(issuePaths(await http.search("small", unfit))).toEqual(["body.queries[3].vector"]);
      });

      test("each route says what it cost where that is asked, problems too, and else nothing", async () => {
        const headers = { "x-explain-cost": "true" };
        const body = { vector: [1, 0, 0, 0] };
        const of = async (answer: Promise<Answer>) =>
          JSON.parse((await answer).headers.get("x-cost") ?? "{}");
        const path = { index: "small" };
        for (const answer of [
          http.call("search", path, { body, headers }),
          http.call("fetchDocument", { ...path, docId: "d1" }, { headers }),
          http.call("deleteDocuments", path, { body: { ids: ["nobody's"] }, headers }),
          http.call("search", { index: "nowhere" }, { body, headers }),
        ]) {
          const { dollars, billedMs, store } = await of(answer);
          expect(dollars).toBeGreaterThan(billedMs * 1e-9);
          expect(Object.values(store).every((count) => Number(count) >= 0)).toBe(true);
        }
        const { dollars, store } = await of(
          http.call("search", path, { body: { ...body, consistency: "strong" }, headers }),
        );
        const { buckets } = (await http.call("listBuckets")).body;
        const { backend } = buckets.find(({ name }: { name: string }) => name === bucket);
        expect(store.get > 0).toBe(backend !== "local");
        expect(dollars).toBeGreaterThan(store.get * 4e-7);
        expect(await of(http.search("small", body))).toEqual({});
      });

      test("a warmed index is open to the next search, in the container that warmed it", async () => {
        const { status, body } = await http.call("warmIndex", { index: "small" });
        expect([200, 202]).toContain(status);
        expect(body.performance).toMatchObject({ generation: "g1", version: expect.any(Number) });
        const found = await http.search("small", { vector: [1, 0, 0, 0] });
        expect(found.body.performance.cache).not.toBe("cold");
      });

      test("what is on the container's disk is said of indexes that are copied there", async () => {
        const { buckets } = (await http.call("listBuckets")).body;
        const { backend } = buckets.find(({ name }: { name: string }) => name === bucket);
        const warmed = await http.call("warmIndex", { index: "small" });
        const found = await http.search("small", { vector: [1, 0, 0, 0] });
        for (const { body } of [warmed, found])
          expect("onDisk" in body.performance).toBe(backend !== "local");
      });

      test.each(["strong", "eventual"])(
        "%s consistency is taken by search and fetch",
        async (consistency) => {
          expect((await http.search("small", { vector: [1, 0, 0, 0], consistency })).status).toBe(200);
          const query = `?consistency=${consistency}`;
          expect((await http.call("fetchDocument", { index: "small", docId: "d1" }, { query })).status).toBe(
            200,
          );
        },
      );

      test("search and fetch see the version that is named, or refuse while it is not there", async () => {
        const path = { index: "small" };
        const found = await http.search("small", { vector: [1, 0, 0, 0] });
        const { version } = found.body.performance;
        const asked = (minVersion: number) => [
          http.search("small", { vector: [1, 0, 0, 0], minVersion }),
          http.call("fetchDocument", { ...path, docId: "d1" }, { query: `?minVersion=${minVersion}` }),
          http.call("fetchDocuments", path, { body: { ids: ["d1"], minVersion } }),
          http.call("listDocuments", path, { query: `?minVersion=${minVersion}` }),
          http.call("queryDocuments", path, { body: { minVersion } }),
        ];
        for (const { status } of await Promise.all(asked(version))) expect(status).toBe(200);
        for (const { status, headers, body } of await Promise.all(asked(version + 1))) {
          expect([status, body.code]).toEqual([409, "version-not-reached"]);
          expect(headers.get("retry-after")).toBe("1");
        }
        for (const answer of await Promise.all([0, 1.5].flatMap(asked)))
          expect(issuePaths(answer)).toEqual([expect.stringMatching(/^(body|query)\.minVersion$/)]);
      });

      test.each(oddIds)("a document with the id %j is found by its percent-encoded id", async (docId) => {
        if (docId === "..") return; // a URL's own syntax: no client sends it as a segment
        const { status, body } = await http.call("fetchDocument", { index: "small", docId });
        expect([status, body.doc_id]).toEqual([200, docId]);
      });

      test("documents come by their ids, in the order asked for, whatever no path can carry among them", async () => {
        const ids = ["nobody", "..", "d3", "a\0b", "\ufeffd1", "d3", "batch-get", "d1"];
        const body = { ids, select: ["vector", "size"] };
        const answer = await http.call("fetchDocuments", { index: "small" }, { body });
        expect(answer.body.documents).toMatchObject([
          { doc_id: "..", vector: [1, 10, 0, 0], size: "9007199254741002" },
          { doc_id: "d3", size: 3 },
          { doc_id: "a\0b", vector: [1, 14, 0, 0] },
          { doc_id: "\ufeffd1", vector: [1, 13, 0, 0] },
          { doc_id: "d1", size: 1 },
        ]);
        expect(answer.body.missing).toEqual(["nobody", "batch-get"]);
        const whole = await http.call("fetchDocuments", { index: "small" }, { body: { ids: oddIds } });
        expect(whole.body.documents.map((one: { doc_id: string }) => one.doc_id)).toEqual(oddIds);
        expect(whole.body.documents[0]).not.toHaveProperty("vector");
      });

      test.each([
        ["none", { ids: [] }, ["body.ids"]],
        ["more than 1,000", { ids: Array.from({ length: 1_001 }, String) }, ["body.ids"]],
        ["what no id can be", { ids: ["a", "", "\ud800", 7] }, ["body.ids[1]", "body.ids[2]", "body.ids[3]"]],
        ["columns there are not", { ids: ["a"], select: ["size", "nope"] }, ["body.select[1]"]],
        ["fields it does not know", { ids: ["a"], k: 1 }, ["body.k"]],
        ["nothing", {}, ["body.ids"]],
      ])("documents by %s are refused", async (_, body, paths) => {
        expect(issuePaths(await http.call("fetchDocuments", { index: "small" }, { body }))).toEqual(paths);
      });

      const list = (query: Record<string, string>) =>
        http.call("listDocuments", { index: "small" }, { query: `?${new URLSearchParams(query)}` });
      const idsOf = ({ body }: Answer): string[] =>
        body.documents.map(({ doc_id }: { doc_id: string }) => doc_id);

      test("all documents are listed, page by page, with the columns that are selected", async () => {
        const ids: string[] = [];
        let next: string | null = null;
        do {
          const answer = await list({ limit: "7", ...(next === null ? {} : { cursor: next }) });
          ids.push(...idsOf(answer));
          next = answer.body.next;
        } while (next !== null);
        expect(ids).toEqual(smallRows().map(({ doc_id }) => doc_id));
        const { body } = await list({ limit: "1", select: "vector,size" });
        expect(body.documents).toEqual([{ doc_id: "a/b", vector: [1, 0, 0, 0], size: "9007199254740992" }]);
        expect((await list({})).body.documents[0]).not.toHaveProperty("vector");
      });

      test("a filter in the URL leaves of the documents those that it finds", async () => {
        const filter = JSON.stringify({ op: "in", column: "doc_id", values: ["a+b", "d3", "&=;,", "50%"] });
        const { body } = await list({ filter, limit: "3" });
        expect(body.documents).toHaveLength(3);
        expect(idsOf(await list({ filter, limit: "3", cursor: body.next }))).toEqual(["d3"]);
        expect(issuePaths(await list({ limit: "3", cursor: body.next }))).toEqual(["query.cursor"]);
      });

      test.each([
        ["pages of none", { limit: "0" }, ["query.limit"]],
        ["pages of more than 1,000", { limit: "1001" }, ["query.limit"]],
        ["what is no cursor", { cursor: "d1" }, ["query.cursor"]],
        ["what is no filter", { filter: "size = 1" }, ["query.filter"]],
        ["a filter on no column", { filter: '{"op":"is_null","column":"nope"}' }, ["query.filter.column"]],
        ["columns there are not", { select: "size,nope" }, ["query.select[1]"]],
        ["fields it does not know", { offset: "1" }, ["query.offset"]],
      ])("a list by %s is refused", async (_, query, paths) => {
        expect(issuePaths(await list(query))).toEqual(paths);
      });

      const query = (body: object) => http.call("queryDocuments", { index: "small" }, { body });

      test("documents come in the order of a column, page by page, exactly beyond 2^53", async () => {
        const order = { orderBy: [{ column: "size", direction: "desc" }], select: ["size"] };
        const whole = (await query(order)).body;
        const exact = smallRows().toSorted((a, b) =>
          Number(BigInt(String(b["size"])) - BigInt(String(a["size"]))),
        );
        expect(whole.documents.map(idOf)).toEqual(exact.map(({ doc_id }) => doc_id));
        expect(whole.documents[0].size).toBe(String(exact[0]?.["size"]));
        const pages: string[] = [];
        let cursor: string | undefined;
        do {
          const { body } = await query({ ...order, limit: 7, cursor });
          pages.push(...body.documents.map(idOf));
          cursor = body.next ?? undefined;
        } while (cursor !== undefined);
        expect(pages).toEqual(exact.map(({ doc_id }) => doc_id));
        expect(idsOf(await query({ ...order, offset: 2, limit: 3 }))).toEqual(pages.slice(2, 5));
      });

      test("all that a filter leaves is counted, by the values of a column, too", async () => {
        const filter = { op: "lt", column: "size", value: 4 };
        const facets = [{ column: "size", limit: 2 }];
        const { body } = await query({ filter, count: true, facets, limit: 1 });
        expect(body).toMatchObject({ count: 4, documents: [{}] });
        expect(body.facets).toEqual([
          {
            column: "size",
            values: [0, 1].map((value) => ({ value, count: 1 })),
            ...{ moreValues: 2, nulls: 0, isApproximate: false },
          },
        ]);
        const nowhere = await http.call(
          "queryDocuments",
          { index: "nowhere" },
          { body: { limit: 0, count: true } },
        );
        expect([nowhere.status, nowhere.body.code]).toEqual([404, "index-not-found"]);
        expect((await query({ limit: 0, count: true })).body).toMatchObject({
          ...{ documents: [], next: null, count: oddIds.length + 5 },
        });
      });

      test.each([
        ["an order by a vector", { orderBy: [{ column: "vector" }] }, ["body.orderBy[0].column"]],
        ["an order that is none", { orderBy: [] }, ["body.orderBy"]],
        ["facets of no column", { facets: [{ column: "nope" }] }, ["body.facets[0].column"]],
        ["what is no cursor", { cursor: "d1" }, ["body.cursor"]],
        ["an offset beyond 10,000", { offset: 10_001 }, ["body.offset"]],
        ["fields it does not know", { k: 1 }, ["body.k"]],
      ])("a query by %s is refused", async (_, body, paths) => {
        expect(issuePaths(await query(body))).toEqual(paths);
      });

      test("a list does not go on in a generation that was replaced", async () => {
        const place = { generation: "g0", version: 1, offset: 1 };
        const { status, body } = await list({ cursor: await cursorOf(place, "small") });
        expect([status, body.code]).toEqual([410, "cursor-expired"]);
      });

      test("columns are selected in a URL by their names, or by a JSON array of them", async () => {
        const selected = async (query: string) =>
          http.call("fetchDocument", { index: "small", docId: "#1" }, { query: `?select=${query}` });
        const both = (await selected("vector,size")).body;
        for (const query of ['["vector","size"]', '["size", "vector"]'].map(encodeURIComponent))
          expect((await selected(query)).body).toEqual(both);
        expect(issuePaths(await selected(encodeURIComponent('["size","nope"]')))).toEqual([
          "query.select[1]",
        ]);
        for (const query of ["[size", "[1]", '"size"]', "[]x"].map(encodeURIComponent))
          expect(issuePaths(await selected(query))).toHaveLength(1);
      });

      test("int64 comes as a number, beyond 2^53 as a string, and is found again by either", async () => {
        const [exact, large] = await Promise.all(
          ["d4", "what?"].map((docId) => http.call("fetchDocument", { index: "small", docId })),
        );
        expect([exact?.body.size, large?.body.size]).toEqual([4, "9007199254740993"]);
        const filter = { op: "in", column: "size", values: [4, "9007199254740993"] };
        const { body } = await http.search("small", { vector: [1, 0, 0, 0], filter });
        expect(body.hits.map((hit: { doc_id: string }) => hit.doc_id).sort()).toEqual(["d4", "what?"]);
      });

      test("the vector is given only when it is selected", async () => {
        const fetched = await http.call("fetchDocument", { index: "small", docId: "#1" });
        expect(fetched.body).not.toHaveProperty("vector");
        const selected = await http.call(
          "fetchDocument",
          { index: "small", docId: "#1" },
          { query: "?select=vector,size" },
        );
        expect(selected.body).toEqual({ doc_id: "#1", vector: [1, 2, 0, 0], size: "9007199254740994" });
        const { body } = await http.search("small", { vector: [1, 2, 0, 0], k: 1, select: ["vector"] });
        expect(body.hits[0]).toMatchObject({ doc_id: "#1", distance: 0, score: 1, vector: [1, 2, 0, 0] });
        expect(body.hits[0]).not.toHaveProperty("size");
      });

      test("how old a search's view may be is the owner's choice, and 0 sees what was written before it", async () => {
        const index = "owned";
        const change = async (maxStalenessMs: number | null) =>
          (await http.call("changeIndex", { index }, { body: { maxStalenessMs } })).body;
        const seen = async () => (await http.search(index, { vector: [1, 0, 0, 0], k: 1_000 })).body;
        await http.migrate(index, small, { bucket });
        expect((await http.call("getIndex", { index })).body.maxStalenessMs).toBeNull();
        const changed = await change(0);
        expect(changed).toMatchObject({
          name: index,
          maxStalenessMs: 0,
          stats: { rows: smallRows().length },
        });
        const { fallbacks: _, ...shown } = (await http.call("getIndex", { index })).body; // of its own container
        expect(changed).toMatchObject(shown);
        const before = await seen();
        expect(before.hits).toHaveLength(smallRows().length);
        const row = { doc_id: "written", vector: [1, 2, 3, 4], size: 1n };
        await appendRows(backend.environment, { index, bucket, generation: "g1" }, [row]);
        const after = await seen();
        expect(after.hits).toHaveLength(smallRows().length + 1);
        const { unindexedRows } = before.performance; // of an index, or all rows of one that has none
        expect([0, smallRows().length]).toContain(unindexedRows);
        expect(after.performance.unindexedRows).toBe(unindexedRows + 1);
        expect(await change(3_600_000)).toMatchObject({
          maxStalenessMs: 3_600_000,
          recall: { servedVersion: expect.any(Number) },
        });
        await seen();
        const { performance } = await seen();
        expect(performance.viewAgeMs).toBeLessThan(3_600_000);
        expect(await change(null)).toMatchObject({ maxStalenessMs: null });
        expect((await http.call("dropIndex", { index })).status).toBe(204);
      });

      test.each([
        ["a negative one", { maxStalenessMs: -1 }, ["body.maxStalenessMs"]],
        ["more than an hour", { maxStalenessMs: 3_600_001 }, ["body.maxStalenessMs"]],
        ["half a millisecond", { maxStalenessMs: 0.5 }, ["body.maxStalenessMs"]],
        ["a text", { maxStalenessMs: "0" }, ["body.maxStalenessMs"]],
        ["none", {}, ["body"]],
        ["versions that stay no time", { retentionDays: 0 }, ["body.retentionDays"]],
        ["a job for no rows", { upkeep: { rows: 0 } }, ["body.upkeep.rows"]],
        ["one beside other fields", { maxStalenessMs: 0, state: "dropped" }, ["body.state"]],
        ["an array", [0], ["body"]],
      ])("%s is refused as how old that may be", async (_, body, paths) => {
        expect(issuePaths(await http.call("changeIndex", { index: "small" }, { body }))).toEqual(paths);
        expect((await http.call("getIndex", { index: "small" })).body.maxStalenessMs).toBeNull();
      });

      test("a job tells its phases, and is listed", async () => {
        expect(job).toMatchObject({ state: "succeeded", type: "migrate", index: "small", generation: "g1" });
        const { body } = await http.call("listJobs", {}, { query: "?limit=1" });
        expect(body.jobs).toHaveLength(1);
      });
    });

    describe("what is not there", () => {
      test.each([
        ["getIndex", { index: "nowhere" }, "index-not-found"],
        ["dropIndex", { index: "nowhere" }, "index-not-found"],
        ["warmIndex", { index: "nowhere" }, "index-not-found"],
        ["fetchDocument", { index: "nowhere", docId: "a" }, "index-not-found"],
        ["listDocuments", { index: "nowhere" }, "index-not-found"],
        ["fetchDocument", { index: "small", docId: "nobody" }, "document-not-found"],
        ["fetchDocument", { index: "small", docId: "batch-get" }, "document-not-found"],
        ["fetchDocument", { index: "small", docId: "x' OR '1'='1" }, "document-not-found"],
        ["getJob", { id: "nobody" }, "job-not-found"],
        ["cancelJob", { id: "nobody" }, "job-not-found"],
      ] as const)("%s of %j is a 404", async (name, path, code) => {
        const answer = await http.call(name, path);
        expect([answer.status, answer.body.code]).toEqual([404, code]);
      });

      test("so is a search or a change of an unknown index, and a job over an unknown bucket or index", async () => {
        const answers = await Promise.all([
          http.search("nowhere", { vector: [1] }),
          http.call("changeIndex", { index: "nowhere" }, { body: { maxStalenessMs: 0 } }),
          http.startJob({ type: "migrate", index: "new", source: "tset/a" }),
          http.startJob({ type: "migrate", index: "new", source: "examples/words", bucket: "tset" }),
          http.startJob({ type: "build-index", index: "nowhere" }),
          http.startJob({ type: "optimize", index: "nowhere" }),
        ]);
        expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
          [404, "index-not-found"],
          [404, "index-not-found"],
          [404, "bucket-not-found"],
          [404, "bucket-not-found"],
          [404, "index-not-found"],
          [404, "index-not-found"],
        ]);
        expect((await http.call("getIndex", { index: "new" })).status).toBe(404);
      });

      test("a read-only bucket is not written to", async () => {
        const answer = await http.startJob({
          type: "migrate",
          index: "new",
          source: "examples/words",
          bucket: "examples",
        });
        expect([answer.status, answer.body.code]).toEqual([403, "bucket-read-only"]);
      });

      test.each([
        ["GET", "/"],
        ["GET", "/nowhere"],
        ["PUT", "/health"],
        ["OPTIONS", "/indexes"],
        ["PATCH", "/indexes"],
        ["POST", "/indexes/small"],
        ["GET", "/indexes/small/nothing/a"],
      ])("%s %s is no route, and the answer names those there are", async (method, path) => {
        const answer = await http.send(method, path);
        expect([answer.status, answer.body.code]).toEqual([404, "route-not-found"]);
        expect(answer.body.detail).toContain("GET /health");
      });

      test("HEAD answers without a body", async () => {
        const answer = await http.send("HEAD", "/health");
        expect([answer.status, answer.body]).toEqual([200, undefined]);
      });
    });

    describe("what is refused before a route is found", () => {
      /** Sent as it stands. @returns status, headers and the problem */
      async function sendRaw(lines: string[], body = "") {
        const { hostname, port } = new URL(api.url);
        const socket = connect(Number(port), hostname);
        socket.end([...lines, "connection: close", "", body].join("\r\n"));
        const [head = "", answer = ""] = (
          await text(socket.setTimeout(20_000, () => socket.destroy()))
        ).split("\r\n\r\n");
        const status = Number(head.split(" ")[1]);
        const correlationId = /^x-correlation-id: (.+)$/im.exec(head)?.[1];
        expect(head).toMatch(/^content-type: application\/problem\+json/im);
        const parsed = problem.parse(JSON.parse(answer));
        expect(parsed).toMatchObject({ status, instance: `urn:request:${correlationId}` });
        return parsed;
      }

      const host = "host: localhost";
      test.each([
        ["a path that is no percent-encoding", ["GET /indexes/%zz HTTP/1.1", host], "path"],
        ["an unknown method", ["FOO /health HTTP/1.1", host], "request"],
        ["CONNECT", ["CONNECT x:80 HTTP/1.1", host], "request"],
        ["a malformed header", ["GET /health HTTP/1.1", host, "bad header: 1"], "request"],
        ["a path of 20,000 characters", [`GET /${"a".repeat(20_000)} HTTP/1.1`, host], "request"],
        ["two lengths", ["POST /jobs HTTP/1.1", host, "content-length: 2", "content-length: 3"], "request"],
        ["an expectation", ["POST /jobs HTTP/1.1", host, "expect: tea", "content-length: 2"], "request"],
        ["a host that is none", ["GET /health HTTP/1.1", "host: a b/["], "header.host"],
        ["no HTTP at all", ["\x16\x03\x01"], "request"],
      ])("%s is a bad request", async (_, lines, path) => {
        const { code, issues } = await sendRaw(lines, lines[0]?.startsWith("POST") ? "{}" : "");
        expect([code, issues?.map((issue) => issue.path)]).toEqual(["bad-request", [path]]);
      });

      test("a content type that is none", async () => {
        const lines = ["POST /jobs HTTP/1.1", host, "content-type: ;;", "content-length: 2"];
        expect((await sendRaw(lines, "{}")).code).toBe("unsupported-media-type");
      });

      test("a preflight, since no CORS is configured", async () => {
        const origin = { origin: "http://elsewhere", "access-control-request-method": "POST" };
        const answer = await http.send("OPTIONS", "/indexes", { headers: origin });
        expect([answer.status, answer.body.code]).toEqual([404, "route-not-found"]);
        expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
      });

      test.each([
        ["/indexes/small/search", 30_000_000],
        ["/indexes/small/search", 2_000_000],
        ["/nowhere", 30_000_000],
        ["/jobs", 70_000],
        ["/indexes/small/warm", 1],
      ])("a body to %s of %d bytes is too large", async (path, bytes) => {
        const headers = { "content-type": "application/json" };
        const answer = await http.send("POST", path, { raw: " ".repeat(bytes), headers });
        expect([answer.status, answer.body.code]).toEqual([413, "body-too-large"]);
      });
    });

    describe("what a search refuses", () => {
      const vector = [1, 0, 0, 0];
      test.each([
        ["a wrong dimension", { vector: [1, 2] }, ["body.vector"]],
        ["an empty vector", { vector: [] }, ["body.vector"]],
        ["a number beyond float32", { vector: [1e39, 0, 0, -1e39] }, ["body.vector[0]", "body.vector[3]"]],
        ["several vectors", { vector: [vector, vector] }, ["body.vector"]],
        ["strings", { vector: ["1", 0, 0, null] }, ["body.vector[0]", "body.vector[3]"]],
        ["no vector", {}, ["body.vector"]],
        ["a vector whose length is infinite", { vector: [3e38, 3e38, 0, 0] }, ["body.vector"]],
        ["k 0", { vector, k: 0 }, ["body.k"]],
        ["k -1", { vector, k: -1 }, ["body.k"]],
        ["k 1e9", { vector, k: 1e9 }, ["body.k"]],
        ["k 1.5", { vector, k: 1.5 }, ["body.k"]],
        ["k null", { vector, k: null }, ["body.k"]],
        ["fields it does not know", { vector, topk: 3, SELECT: 1 }, ["body.topk", "body.SELECT"]],
        ["columns there are not", { vector, select: ["size", "nope"] }, ["body.select[1]"]],
        ["a vector and a document", { vector, docId: "d1" }, ["body.docId"]],
        ["a range without an end", { vector, distanceRange: {} }, ["body.distanceRange"]],
        ["a range that is empty", { vector, distanceRange: { min: 1, max: 1 } }, ["body.distanceRange"]],
        ["a range that is none", { vector, distanceRange: { min: "0" } }, ["body.distanceRange.min"]],
        ["an index for a search without", { vector, exact: true, nprobes: 1 }, ["body.nprobes"]],
        ["ef of an index without", { vector, ef: 10 }, ["body.ef"]],
        ["a consistency there is not", { vector, consistency: "weak" }, ["body.consistency"]],
        ["a filter that is SQL", { vector, filter: "1=1" }, ["body.filter"]],
        ["a filter without an operation", { vector, filter: {} }, ["body.filter.op"]],
        ["an array", [1], ["body"]],
        ["a number", 1, ["body"]],
        ["null", null, ["body"]],
      ])("%s", async (_, body, paths) => {
        expect(issuePaths(await http.search("small", body)).sort()).toEqual(paths.sort());
      });

      test("NaN and Infinity, which are no JSON", async () => {
        const headers = { "content-type": "application/json" };
        for (const number of ["NaN", "Infinity", "-Infinity"]) {
          const answer = await http.call(
            "search",
            { index: "small" },
            { raw: `{"vector":[${number}]}`, headers },
          );
          expect([answer.status, answer.body.code]).toEqual([400, "invalid-json"]);
        }
        const raw = '{"vector":[1e999,0,0,0]}';
        const huge = await http.call("search", { index: "small" }, { raw, headers });
        expect(issuePaths(huge)).toEqual(["body.vector[0]"]);
      });

      test("everything wrong with the shape at once, in path, query and body", async () => {
        const body = { vector: "x", k: 0, filter: { op: "eq", column: "" }, more: 1 };
        expect(
          issuePaths(await http.call("search", { index: "No" }, { body, query: "?a=1" })).sort(),
        ).toEqual(
          [
            "path.index",
            "query.a",
            "body.vector",
            "body.k",
            "body.filter.column",
            "body.filter.value",
            "body.more",
          ].sort(),
        );
      });

      test("everything that does not fit the index at once", async () => {
        const filter = {
          op: "or",
          filters: [
            { op: "eq", column: "size", value: "x" },
            { op: "eq", column: "nope", value: 1 },
          ],
        };
        const body = { vector: [1, 1e39], select: ["nope"], ef: 1, filter };
        expect(issuePaths(await http.search("small", body)).sort()).toEqual(
          [
            "body.vector[1]",
            "body.vector",
            "body.select[0]",
            "body.ef",
            "body.filter.filters[0].value",
            "body.filter.filters[1].column",
          ].sort(),
        );
      });

      test("keys that would reach into objects", async () => {
        const raw = '{"vector":[1,0,0,0],"__proto__":{"k":5},"constructor":{"prototype":{}},"toString":1}';
        const headers = { "content-type": "application/json" };
        const answer = await http.call("search", { index: "small" }, { raw, headers });
        expect(issuePaths(answer).sort()).toEqual(["body.__proto__", "body.constructor", "body.toString"]);
      });

      test("nothing of a key that is there twice: the last one counts", async () => {
        const raw = '{"vector":[9],"vector":[1,0,0,0],"k":0,"k":1}';
        const headers = { "content-type": "application/json" };
        const { body } = await http.call("search", { index: "small" }, { raw, headers });
        expect(body.hits).toHaveLength(1);
      });

      test("filters out of bounds, and the server lives on", async () => {
        const leaf = { op: "is_null", column: "size" };
        const or = (terms: number) => ({ op: "or", filters: Array.from({ length: terms }, () => leaf) });
        const deep = (levels: number) => {
          const start = '{"op":"not","filter":'.repeat(levels - 1);
          return `{"vector":[1,0,0,0],"filter":${start}${JSON.stringify(leaf)}${"}".repeat(levels - 1)}}`;
        };
        const headers = { "content-type": "application/json" };
        const send = (raw: string) => http.call("search", { index: "small" }, { raw, headers });
        for (const levels of [9, 10_000, 40_000])
          expect(issuePaths(await send(deep(levels)))).toEqual(["body.filter"]);
        for (const terms of [64, 900])
          expect(issuePaths(await http.search("small", { vector, filter: or(terms) }))).toEqual([
            "body.filter",
          ]);
        expect((await send(deep(8))).status).toBe(200);
        expect((await http.search("small", { vector, filter: or(63) })).status).toBe(200);
      });

      test("nesting without end, wherever it stands", async () => {
        const headers = { "content-type": "application/json" };
        const bomb = `${"[".repeat(400_000)}${"]".repeat(400_000)}`;
        for (const raw of [bomb, `{"vector":${bomb}}`, `{"select":${bomb},"vector":[1]}`, `{"x":${bomb}}`])
          expect((await http.call("search", { index: "small" }, { raw, headers })).status).toBe(400);
      });
    });

    describe("a query vector's length", () => {
      beforeAll(async () => {
        await http.migrate("by-cosine", small, { bucket });
      });

      test.each([1e-45, 1e-30, 1e-19, 1e19, 3e38])("%d does not matter by cosine", async (length) => {
        const [unit, scaled] = await Promise.all(
          [1, length].map((one) => http.search("by-cosine", { vector: [one, one, 0, 0], k: 3 })),
        );
        expect(scaled?.body.hits).toEqual(unit?.body.hits);
      });

      test("zero has no direction, which a cosine needs and a distance does not", async () => {
        const vector = [0, 0, 0, 0];
        expect(issuePaths(await http.search("by-cosine", { vector }))).toEqual(["body.vector"]);
        expect((await http.search("small", { vector })).status).toBe(200);
      });
    });

    describe("what every body must be", () => {
      const search = (sent: object) => http.call("search", { index: "small" }, sent);
      const headers = { "content-type": "application/json" };

      test.each([
        ["{", 400, "invalid-json"],
        ["{'a':1}", 400, "invalid-json"],
        ["\u0000", 400, "invalid-json"],
      ])("%j is no JSON", async (raw, status, code) => {
        const answer = await search({ raw, headers });
        expect([answer.status, answer.body.code]).toEqual([status, code]);
      });

      test("a body that is missing is asked for", async () => {
        expect(issuePaths(await search({ headers }))).toEqual(["body"]);
      });

      test.each(["text/plain", "application/x-www-form-urlencoded", "application/xml"])(
        "%s is refused",
        async (type) => {
          const answer = await search({ raw: "{}", headers: { "content-type": type } });
          expect([answer.status, answer.body.code]).toEqual([415, "unsupported-media-type"]);
        },
      );

      test("7 MB are refused before they are parsed", async () => {
        const answer = await search({ raw: `{"vector":[${"1,".repeat(3_500_000)}1]}`, headers });
        expect([answer.status, answer.body.code]).toEqual([413, "body-too-large"]);
      });

      test("JSON that is named otherwise is taken", async () => {
        const raw = '{"vector":[1,0,0,0]}';
        for (const type of ["application/json; charset=utf-8", "application/vnd.api+json"])
          expect((await search({ raw, headers: { "content-type": type } })).status).toBe(200);
      });
    });

    describe("lists", () => {
      test("indexes come by name, page by page, each once", async () => {
        const names = ["page-a", "page-b", "page-c"];
        await Promise.all(names.map((index) => http.migrate(index, small, { bucket })));
        const seen: string[] = [];
        for (let query = "?limit=2"; query; ) {
          const { body } = await http.call("listIndexes", {}, { query });
          seen.push(...body.indexes.map(({ name }: { name: string }) => name));
          expect(body.indexes.length).toBeLessThanOrEqual(2);
          query = body.next ? `?limit=2&cursor=${body.next}` : "";
        }
        expect(seen).toEqual(["by-cosine", ...names, "small"]);
        expect((await http.call("dropIndex", { index: "page-b" })).status).toBe(204);
        const { body } = await http.call("listIndexes", {}, { query: "?limit=2" });
        expect(body.indexes.map(({ name }: { name: string }) => name)).toEqual(["by-cosine", "page-a"]);
        expect((await http.call("getIndex", { index: "page-b" })).status).toBe(404);
        expect((await http.call("dropIndex", { index: "page-b" })).status).toBe(404);
      });

      test("jobs come newest first, page by page, each once", async () => {
        const seen: { id: string; createdAt: string }[] = [];
        for (let query = "?limit=1"; query; ) {
          const { body } = await http.call("listJobs", {}, { query });
          seen.push(...body.jobs);
          query = body.next ? `?limit=1&cursor=${body.next}` : "";
        }
        const whole = (await http.call("listJobs")).body;
        expect(seen).toEqual(whole.jobs);
        expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
        const times = seen.map(({ createdAt }) => createdAt);
        expect(times).toEqual(times.toSorted().reverse());
      });

      test.each(["?limit=0", "?limit=201", "?limit=x", "?limit=1.5", "?cursor=../..", "?cursor=", "?page=2"])(
        "%s is refused",
        async (query) => {
          expect(issuePaths(await http.call("listIndexes", {}, { query }))).toHaveLength(1);
          expect(issuePaths(await http.call("listJobs", {}, { query }))).toHaveLength(1);
        },
      );
    });

    describe("jobs", () => {
      const words = { type: "migrate", source: "examples/words", workers: 1 };

      test("a job that cannot be is refused with every problem", async () => {
        const body = { type: "migrate", index: "../x", source: "/etc/passwd", bucket: "P", workers: 0, k: 1 };
        expect(issuePaths(await http.startJob(body)).sort()).toEqual(
          ["body.index", "body.source", "body.bucket", "body.workers", "body.k"].sort(),
        );
        expect(issuePaths(await http.startJob({ type: "nope" }))).toEqual(["body.type"]);
        for (const source of [
          "examples/../../etc",
          "examples//a",
          "examples/./a",
          "examples/a\\..\\b",
          "examples/",
        ])
          expect(issuePaths(await http.startJob({ ...words, index: "x", source }))).toEqual(["body.source"]);
      });

      test("a source without Parquet fails the job, with a cause for people", async () => {
        const { body } = await http.startJob({ type: "migrate", index: "empty", source: "examples/nothing" });
        const failed = await http.jobWhen(body.id, ({ state }) => state !== "running");
        expect(failed).toMatchObject({ state: "failed", error: { code: "source-invalid" } });
        for (const secret of backend.secrets) expect(failed.error?.message).not.toContain(secret);
      });

      test("the same Idempotency-Key and body is the same job, however often and at once", async () => {
        const input = { type: "migrate", index: "once", source: small, bucket };
        const key = { "idempotency-key": "7c9e6679-7425-40de-944b-e07fc1f90ae7" };
        const sent = await Promise.all(Array.from({ length: 5 }, () => http.startJob(input, key)));
        expect(sent.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
        const [first] = sent;
        const id: string = first?.body.id;
        expect(id).not.toContain("7c9e6679");
        const done = await http.jobWhen(id, ({ state }) => state !== "running");
        expect(done).toMatchObject({ error: null, state: "succeeded" });
        const again = await http.startJob({ ...input, metric: "cosine" }, key); // the default, so the same
        for (const answer of [...sent, again]) {
          expect(answer.body.id).toBe(id);
          expect(answer.headers.get("location")).toBe(`/jobs/${id}`);
        }
        expect((await http.call("getIndex", { index: "once" })).body.lastGeneration).toBe(1);
      });

      test("the same Idempotency-Key with another body or type is a mismatch", async () => {
        const key = { "idempotency-key": "again" };
        const input = { type: "build-index", index: "small", indexType: "IVF_FLAT" };
        const { body } = await http.startJob(input, key);
        await http.jobWhen(body.id, ({ state }) => state !== "running");
        for (const other of [
          { ...input, targetRecall: 0.5 },
          { type: "migrate", index: "small", source: "examples/words" },
        ]) {
          const answer = await http.startJob(other, key);
          expect([answer.status, answer.body.code]).toEqual([422, "idempotency-mismatch"]);
        }
      });

      test.each(["", "a b", "ü", "x".repeat(256)])("the Idempotency-Key %j is refused", async (key) => {
        const answer = await http.startJob(
          { type: "build-index", index: "small" },
          { "idempotency-key": key },
        );
        expect(issuePaths(answer)).toEqual(["header.idempotency-key"]);
      });

      test("while an index is built it cannot be built or dropped; cancelled, nothing of the job is left", async () => {
        const started = await http.startJob({ ...words, index: "busy", bucket });
        const id: string = started.body.id;
        await http.jobWhen(id, ({ phase }) => phase !== null && phase !== "plan");
        const second = await http.startJob({ ...words, index: "busy", bucket });
        expect([second.status, second.body.code]).toEqual([409, "conflict"]);
        const dropped = await http.call("dropIndex", { index: "busy" });
        expect([dropped.status, dropped.body.code]).toEqual([409, "conflict"]);
        const searched = await http.search("busy", { vector: [1] });
        expect([searched.status, searched.body.code]).toEqual([409, "index-not-ready"]);
        expect(searched.headers.get("retry-after")).toBe("1");
        const cancelled = await http.call("cancelJob", { id });
        expect(cancelled.body).toMatchObject({ id, state: "cancelled", error: null });
        expect((await http.call("cancelJob", { id })).body).toEqual(cancelled.body);
        expect((await http.call("getJob", { id })).body).toEqual(cancelled.body);
        expect(await backend.stores(bucket).list("lance/busy/")).toEqual([]);
      });

      test("the promised recall is unverified when rows were appended, until an optimize job takes them in", async () => {
        const rows = sampleRows(700, 4);
        await backend.stores(bucket).put("sources/grown.parquet", parquetBytes(rows.slice(0, 600)));
        const grown = { type: "optimize", index: "grown" };
        const recall = async () => (await http.call("getIndex", { index: "grown" })).body.recall;
        const optimized = async (more: object) => {
          const { body } = await http.startJob({ ...grown, ...more });
          return http.jobWhen(body.id, ({ state }) => state !== "running");
        };
        await http.migrate("grown", `${bucket}/sources/grown.parquet`, { bucket, indexType: "IVF_FLAT" });
        expect(await recall()).toMatchObject({ status: "verified", unindexedRows: 0 });
        expect(await optimized({})).toMatchObject({ state: "succeeded", generation: null });
        const ref = { index: "grown", bucket, generation: "g1" };
        await appendRows(backend.environment, ref, rows.slice(600));
        expect(await recall()).toMatchObject({ target: 0.95, status: "unverified", unindexedRows: 100 });
        expect(await optimized({})).toMatchObject({ error: null, type: "optimize", generation: "g2" });
        expect(await recall()).toMatchObject({ target: 0.95, status: "verified", unindexedRows: 0 });
        expect(issuePaths(await http.startJob({ ...grown, indexType: "IVF_PQ" }))).toEqual([
          "body.indexType",
        ]);
        expect((await http.call("dropIndex", { index: "grown" })).status).toBe(204);
      });

      test("a job that is over stays as it is when it is cancelled", async () => {
        const answer = await http.call("cancelJob", { id: job.id });
        expect(answer.body).toMatchObject({ id: job.id, state: "succeeded", endedAt: job.endedAt });
      });
    });

    describeDocuments(() => ({ http, bucket }));
    describeExports(() => ({ http, bucket, store: backend.stores(bucket) }), {
      index: "small",
      rows: smallRows().length,
    });
    describeText(() => ({ http, bucket }));
    describeEmbedding(() => ({ http, bucket, providers }));
    describeAccess(() => ({ http, backend, small }));

    describe("what goes wrong on our side", () => {
      const silent = /lance|testing|registry|json|zod|sql|tmp|select|\/|\bat\b/i;

      test("a damaged registry entry says nothing of what is inside", async () => {
        const primary = backend.stores("primary");
        const write = (name: string, text: string) =>
          primary.put(`registry/indexes/${name}.json`, new TextEncoder().encode(text));
        await write("damaged", '{"name": "damaged", "secret": ');
        await write("strange", '{"name": "strange"}');
        for (const index of ["damaged", "strange"]) {
          const answers = [
            await http.call("getIndex", { index }),
            await http.search(index, { vector: [1] }),
            await http.call("changeIndex", { index }, { body: { maxStalenessMs: 0 } }),
            await http.call("dropIndex", { index }),
          ];
          for (const { status, body } of answers) {
            expect([status, body.code]).toEqual([500, "entry-damaged"]);
            expect(body.detail).toContain(index);
            expect(body.detail).not.toMatch(/secret|zod|tmp/i);
          }
        }
        for (const name of ["damaged", "strange"])
          await primary.deletePrefix(`registry/indexes/${name}.json`);
      });

      test("what a newer release has written is left to it, and lists go on", async () => {
        const primary = backend.stores("primary");
        const newer = new TextEncoder().encode('{"format": 999, "secret": 1}');
        const keys = ["registry/indexes/newer.json", "jobs/newer/job.json"];
        for (const key of keys) await primary.put(key, newer);
        const index = "newer";
        const asked = {
          index: [
            await http.call("getIndex", { index }),
            await http.search(index, { vector: [1] }),
            await http.call("changeIndex", { index }, { body: { maxStalenessMs: 0 } }),
            await http.call("dropIndex", { index }),
            await http.startJob({ type: "migrate", source: small, index, bucket }),
          ],
          job: [await http.call("getJob", { id: index }), await http.call("cancelJob", { id: index })],
        };
        for (const [what, answers] of Object.entries(asked))
          for (const { status, headers, body } of answers) {
            expect([status, body.code]).toEqual([503, "needs-newer-release"]);
            expect(body.detail).toMatch(new RegExp(`${what} "newer".*format is 999`));
            expect(body.detail).not.toMatch(/secret|zod|tmp/i);
            expect(headers.get("retry-after")).toBeNull();
          }
        const { indexes } = (await http.call("listIndexes", {}, { query: "?limit=100" })).body;
        expect(indexes).toContainEqual({ name: "newer", state: "needs-newer-release" });
        expect(indexes.length).toBeGreaterThan(1);
        for (const key of keys) {
          expect((await primary.get(key))?.body).toEqual(newer);
          await primary.deletePrefix(key);
        }
      });

      test("files that vanish under an open table are a fault without a path", async () => {
        await http.migrate("torn", small, { bucket });
        await backend.stores(bucket).deletePrefix("lance/torn/g1.lance/data/");
        const { status, body } = await http.search("torn", { vector: [1, 0, 0, 0] });
        expect(status).toBeGreaterThan(499);
        expect(body.title).not.toMatch(silent);
        expect(api.logs()).toContain(body.instance.slice("urn:request:".length));
      });
    });
  });
}
