import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { Principal } from "../../lib/domain/access/principal.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { rerankedSearch } from "../../lib/domain/search/reranked-search.ts";
import { awsKey } from "../support/bedrock-protocol.ts";
import { apiKey, EmbeddingServer, type Fault } from "../support/embedding-server.ts";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";

let server: EmbeddingServer;
let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  server = await EmbeddingServer.start();
  const bedrock = `[rerank.aws]\nkind = "bedrock"\nendpoint = "${server.url}"\nmodel = "cohere.rerank-v3-5:0"\ncredentials = "awstest"\n`;
  lakehouse = await createLakehouse(server.declaredReranker("best") + bedrock);
  container = lakehouse.open({
    EMBEDDING_API_KEY: apiKey,
    AWSTEST_ACCESS_KEY_ID: awsKey.accessKeyId,
    AWSTEST_SECRET_ACCESS_KEY: awsKey.secretAccessKey,
  });
  const columns = [
    { name: "body", type: "Utf8" },
    { name: "size", type: "Int64" },
  ];
  await createIndex(
    container,
    createRequest.parse({ name: "docs", dimension: 2, metric: "l2", columns }),
    undefined,
  );
  const texts = ["red cars", "blue cars", "blue birds sing", null, "old blue birds"];
  const documents = texts.map((body, i) => ({ doc_id: `d${i}`, vector: [i + 1, 0], body, size: i }));
  await writeDocuments(container, { index: "docs", mode: "upsert", documents, keyed: undefined }, 20_000);
});

beforeEach(() => {
  server.faults = [];
  server.forget();
});

afterAll(async () => {
  await lakehouse.remove();
  await server.stop();
});

const rerank = { provider: "best", column: "body", query: "old blue birds" };

const search = (more: object, by: Container = container) => {
  const request = parseSearchRequest({ vector: [1, 0], k: 3, consistency: "strong", ...more });
  return rerankedSearch(by.indexes, "docs", request, 5_000, undefined, by.providers);
};

const idsOf = ({ hits }: Awaited<ReturnType<typeof search>>) => hits.map(({ doc_id }) => doc_id);

test.each(["best", "aws"])("hits come in the order of reranker %s, with both scores", async (provider) => {
  const found = await search({ rerank: { ...rerank, provider } });
  expect(idsOf(found)).toEqual(["d4", "d2", "d1"]);
  expect(found.hits[0]).toMatchObject({ distance: 16, rerankScore: 1, body: "old blue birds" });
  expect(found.performance).toMatchObject({ reranked: true, rerankMs: expect.any(Number) });
});

test("as many candidates are compared as are asked for, of which those without text come last", async () => {
  expect(idsOf(await search({ rerank: { ...rerank, candidates: 3 } }))).toEqual(["d2", "d1", "d0"]);
  expect(server.asked[0]?.body.documents).toEqual(["red cars", "blue cars", "blue birds sing"]);
  const all = await search({ k: 5, rerank });
  expect(all.hits.at(-1)).toMatchObject({ doc_id: "d3", rerankScore: null });
});

test("hits that are compared by their ids keep these, whatever is selected", async () => {
  const found = await search({ select: [], rerank: { ...rerank, column: "doc_id", query: "d3" } });
  expect(found.hits.map((hit) => Object.keys(hit).sort())).toEqual(
    Array(3).fill(["distance", "doc_id", "rerankScore", "score"]),
  );
});

test("only columns that are selected are answered", async () => {
  const { hits } = await search({ select: ["size"], rerank });
  expect(hits[0]).toEqual({
    doc_id: "d4",
    distance: 16,
    score: expect.any(Number),
    size: 4,
    rerankScore: 1,
  });
});

test("counts come beside them, as without a reranker", async () => {
  const counts = { count: true, facets: [{ column: "body", limit: 1 }] };
  const plain = await search({ k: 1, ...counts });
  expect(plain.count).toBe(5);
  const { count, facets } = await search({ k: 1, rerank, ...counts });
  expect({ count, facets }).toEqual({ count: 5, facets: plain.facets });
});

test("a tenant's search sends no text of others", async () => {
  const filter = { op: "lt" as const, column: "size", value: 2 };
  const grants = [{ actions: ["search" as const], indexes: ["docs"], buckets: [] }];
  expect(idsOf(await search({ rerank }, container.scopedTo(new Principal("key", grants, filter))))).toEqual([
    "d1",
    "d0",
  ]);
  expect(server.asked[0]?.body.documents).toEqual(["red cars", "blue cars"]);
});

describe("a reranker that fails", () => {
  test.each<[Fault[], string]>([
    [Array(4).fill({ status: 503 }), "RerankerUnavailable"],
    [["too-few"], "RerankerRefused"],
    [["not-finite"], "RerankerRefused"],
    [[{ status: 401 }], "RerankerRefused"],
  ])("%j fails the search, unless it does without", async (faults, kind) => {
    server.faults = [...faults];
    await expect(search({ rerank })).rejects.toMatchObject({ kind });
    server.faults = [...faults];
    const found = await search({ rerank: { ...rerank, optional: true } });
    expect([idsOf(found), found.performance.reranked]).toEqual([["d0", "d1", "d2"], false]);
  });
});

test.each<[object, string]>([
  [{ provider: "nobody" }, "rerank.provider"],
  [{ query: undefined }, "rerank.query"],
  [{ candidates: 2 }, "rerank.candidates"],
  [{ column: "size" }, "rerank.column"],
  [{ column: "nope" }, "rerank.column"],
])("%j is refused by its name", async (more, path) => {
  await expect(search({ rerank: { ...rerank, ...more } })).rejects.toMatchObject({ issues: [{ path }] });
  expect(server.asked).toEqual([]);
});
