import { afterEach, describe, expect, test } from "vitest";
import { apiKey, type EmbeddingServer } from "./embedding-server.ts";
import { type HttpClient, issuePaths } from "./http-client.ts";
import { wordsVector } from "./words-vector.ts";

const dimension = 16;

/** What the contract's lakehouse.toml declares for it beside buckets. */
export const declaredProviders = (providers: EmbeddingServer): string =>
  providers.declared("words", `dimension = ${dimension}`) + providers.declaredReranker("best");

/** With what a process of ours reaches them. */
export const providerKeys = { EMBEDDING_API_KEY: apiKey };

/** What the contract says of vectors and orders that others make of texts. @param server once it is up */
export function describeEmbedding(
  server: () => { http: HttpClient; bucket: string; providers: EmbeddingServer },
): void {
  describe("documents whose vectors a provider makes", () => {
    const create = (name: string, embedding: object) =>
      server().http.call("createIndex", {}, { body: { name, bucket: server().bucket, embedding } });

    const write = (some: object[]) =>
      server().http.call("writeDocuments", { index: "embedded" }, { body: { documents: some } });

    const search = (body: object) =>
      server().http.search("embedded", { consistency: "strong", select: ["text"], ...body });

    const ids = async (body: object) =>
      (await search(body)).body.hits.map(({ doc_id }: { doc_id: string }) => doc_id);

    afterEach(() => {
      server().providers.faults = [];
    });

    test("documents come without vectors, and are found by a text as by its vector", async () => {
      const { body } = await create("embedded", { provider: "words", column: "text" });
      expect(body.published).toMatchObject({
        ...{ dimension, embedding: { provider: "words", model: "words-1", column: "text" } },
      });
      const written = await write([
        { doc_id: "cats", text: "cats drink milk" },
        { doc_id: "dogs", text: "dogs chase cars" },
        { doc_id: "birds", text: "old blue birds sing" },
        { doc_id: "given", text: "red cars", vector: wordsVector("nothing of that", dimension) },
      ]);
      expect(written.body).toMatchObject({ inserted: 4 });
      const text = "milk for cats";
      const found = (await search({ text, k: 2 })).body;
      expect(found.hits[0]).toMatchObject({ doc_id: "cats", text: "cats drink milk" });
      expect(found.performance.embedMs).toBeGreaterThan(0);
      expect(found.hits).toEqual((await search({ vector: wordsVector(text, dimension), k: 2 })).body.hits);
      const path = { index: "embedded", docId: "cats" };
      const fetched = await server().http.call("fetchDocument", path, { query: "?select=vector" });
      const made = Array.from(Float32Array.from(wordsVector("cats drink milk", dimension)));
      expect(fetched.body.vector).toEqual(made.map((one) => expect.closeTo(one, 6)));
    });

    test("many texts are embedded for many queries at once", async () => {
      const queries = [
        { text: "milk for cats" },
        { text: "blue birds" },
        { docId: "dogs", includeSelf: true },
      ];
      const { results } = (await search({ queries, k: 1 })).body;
      expect(results.map(({ hits }: { hits: { doc_id: string }[] }) => hits[0]?.doc_id)).toEqual([
        ...["cats", "birds", "dogs"],
      ]);
    });

    test("a reranker gives hits their order, by a score of its own", async () => {
      const rerank = { provider: "best", column: "text", query: "red cars" };
      const { body } = await search({ text: "cats drink milk", k: 2, rerank });
      expect(body.hits.map(({ doc_id }: { doc_id: string }) => doc_id)).toEqual(["given", "dogs"]);
      expect(body.hits[0]).toMatchObject({ rerankScore: 1, distance: expect.any(Number) });
      expect(body.performance).toMatchObject({ reranked: true, rerankMs: expect.any(Number) });
      expect((await ids({ text: "cats drink milk", k: 1 }))[0]).toBe("cats");
    });

    test.each<[string, object, string[]]>([
      ["a reranker that is not declared", { provider: "nobody", column: "text" }, ["rerank.provider"]],
      ["a column without texts", { provider: "best", column: "vector" }, ["rerank.column"]],
      ["no query", { provider: "best", column: "text", query: "" }, ["rerank.query"]],
    ])("%s is refused", async (_, rerank, paths) => {
      expect(issuePaths(await search({ text: "cats", rerank }))).toEqual(paths.map((path) => `body.${path}`));
    });

    test("what is no provider, or no text for one, is refused by its field", async () => {
      expect(issuePaths(await create("refused", { provider: "nobody", column: "text" }))).toEqual([
        "body.embedding.provider",
      ]);
      expect(issuePaths(await write([{ doc_id: "a", text: "fine" }, { doc_id: "b" }]))).toEqual([
        "body.documents[1].text",
      ]);
      expect(issuePaths(await search({ text: { op: "match", query: "cats" } }))).toEqual(["body.text"]);
    });

    test("a provider that refuses is named as what failed, without a word of what it said", async () => {
      const { providers } = server();
      providers.faults = [{ status: 400 }];
      const embedding = await search({ text: "cats" });
      expect([embedding.status, embedding.body.code]).toEqual([502, "embedding-refused"]);
      const rerank = { provider: "best", column: "text", query: "red cars" };
      const byVector = { vector: wordsVector("cats", dimension), k: 2, rerank };
      providers.faults = [{ status: 400 }];
      const reranker = await search(byVector);
      expect([reranker.status, reranker.body.code]).toEqual([502, "reranker-refused"]);
      providers.faults = [{ status: 400 }];
      const unranked = await search({ ...byVector, rerank: { ...rerank, optional: true } });
      expect(unranked.body).toMatchObject({ performance: { reranked: false }, hits: [{}, {}] });
      for (const { body } of [embedding, reranker, unranked]) {
        const told = JSON.stringify(body);
        for (const secret of [apiKey, new URL(providers.url).host]) expect(told).not.toContain(secret);
      }
    });
  });
}
