import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { declaredProviders } from "../../../lib/adapters/embedding/declared-providers.ts";
import { readEnvironment } from "../../../lib/config/environment.ts";
import { loadEmbedders } from "../../../lib/config/lakehouse.ts";
import type { Embedder } from "../../../lib/domain/embedding/providers.ts";
import { awsKey } from "../../support/bedrock-protocol.ts";
import { apiKey, EmbeddingServer, type Fault } from "../../support/embedding-server.ts";
import { wordsVector } from "../../support/words-vector.ts";

let server: EmbeddingServer;
let root: string;

beforeAll(async () => {
  server = await EmbeddingServer.start();
  root = await mkdtemp(join(tmpdir(), "providers-"));
});

beforeEach(() => {
  server.faults = [];
  server.forget();
});

afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true, force: true });
});

const variables = {
  EMBEDDING_API_KEY: apiKey,
  AWSTEST_ACCESS_KEY_ID: awsKey.accessKeyId,
  AWSTEST_SECRET_ACCESS_KEY: awsKey.secretAccessKey,
};

async function embedder(toml: string, more: Record<string, string> = variables): Promise<Embedder> {
  await writeFile(join(root, "lakehouse.toml"), toml);
  const providers = declaredProviders(loadEmbedders(readEnvironment(more), root));
  return providers.embedder("test") as Embedder;
}

const openai = (more = "") => embedder(server.declared("test", more));
const waiting = { timeoutMs: 10_000 };
const near = (text: string, dimension = 16) => Float32Array.from(wordsVector(text, dimension));
const words = (count: number) => Array.from({ length: count }, (_, i) => `text ${i}`);

describe("an OpenAI-compatible endpoint", () => {
  test("makes a vector of each text, in their order, whichever the answer has", async () => {
    server.faults = ["backwards"];
    const texts = ["one word", "two", "größe 😀"];
    expect(await (await openai()).embed(texts, "document", waiting)).toEqual(texts.map((text) => near(text)));
  });

  test("is asked for the dimension that is declared, with what the model wants before each kind of text", async () => {
    const own = await openai('dimension = 8\ndocument_prefix = "passage: "\nquery_prefix = "query: "');
    expect(await own.embed(["a"], "document", waiting)).toEqual([near("passage: a", 8)]);
    expect(await own.embed(["a"], "query", waiting)).toEqual([near("query: a", 8)]);
    expect(own).toMatchObject({ dimension: 8, model: "words-1" });
  });

  test("is asked in batches by number and by bytes, so many at a time", async () => {
    const own = await openai("batch = 10\nconcurrency = 2");
    server.pauseMs = 20;
    const texts = words(95);
    expect(await own.embed(texts, "document", waiting)).toEqual(texts.map((text) => near(text)));
    expect(server.asked.map(({ body }) => body.input.length).sort()).toEqual(
      [5, ...Array(9).fill(10)].sort(),
    );
    expect(server.mostUnderWay).toBe(2);
    server.pauseMs = 0;
    server.forget();
    await own.embed(Array(50).fill("x".repeat(8_000)), "document", waiting);
    expect(server.asked.length).toBe(5);
    server.forget();
    await (await openai()).embed(Array(60).fill("x".repeat(8_000)), "document", waiting);
    expect(server.asked.map(({ body }) => body.input.length).sort()).toEqual([28, 32]);
  });

  test("is sent no more of a text than is declared", async () => {
    expect(await (await openai("truncate = 3")).embed(["one two"], "query", waiting)).toEqual([near("one")]);
  });

  test.each<[string, Fault[]]>([
    ["has too much to do, and says when it may be asked", [{ status: 429, retryAfter: "0.1" }]],
    ["has too much to do, three times", [{ status: 429 }, { status: 429 }, { status: 503 }]],
    ["says when to come as a date", [{ status: 503, retryAfter: "Fri, 01 Jan 2021 00:00:00 GMT" }]],
    ["fails", [{ status: 500 }]],
  ])("is asked again where it %s", async (_, faults) => {
    server.faults = [...faults];
    expect(await (await openai()).embed(["one"], "query", waiting)).toEqual([near("one")]);
    expect(server.asked).toHaveLength(faults.length + 1);
  });

  test("is asked again where it does not answer in the time that is declared", async () => {
    server.faults = ["hang"];
    expect(await (await openai("timeout_ms = 100")).embed(["one"], "query", waiting)).toEqual([near("one")]);
  });

  test("is unavailable where it does not recover, and its wish for more time than there is not waited for", async () => {
    server.faults = Array(4).fill({ status: 500 });
    await expect((await openai()).embed(["one"], "query", waiting)).rejects.toMatchObject({
      kind: "EmbeddingUnavailable",
      message: 'embedding provider "test" does not answer: it answered 500',
      retryable: true,
    });
    server.forget();
    server.faults = [{ status: 429, retryAfter: "3600" }];
    await expect((await openai()).embed(["one"], "query", waiting)).rejects.toMatchObject({
      kind: "EmbeddingUnavailable",
    });
    expect(server.asked).toHaveLength(1);
  });

  test("is given up at the end of the time there is, and where nobody waits any more", async () => {
    server.faults = ["hang"];
    await expect((await openai()).embed(["one"], "query", { timeoutMs: 100 })).rejects.toMatchObject({
      kind: "EmbeddingUnavailable",
    });
    server.faults = ["hang"];
    const gone = new AbortController();
    const asked = (await openai()).embed(["one"], "query", { ...waiting, signal: gone.signal });
    setTimeout(() => gone.abort(new Error("gone")), 20);
    await expect(asked).rejects.toThrow("gone");
    const refused = embedder(server.declared("test").replace(/127.0.0.1:\d+/, "127.0.0.1:1"));
    await expect((await refused).embed(["one"], "query", { timeoutMs: 1_000 })).rejects.toMatchObject({
      message: 'embedding provider "test" does not answer: it could not be reached',
    });
  });

  test.each<[Fault, string]>([
    ["too-few", "it made 1 vectors of 2 texts"],
    ["not-finite", "it made a vector that is not of finite numbers"],
    ["same-place-twice", "it does not say which text is which"],
    ["no-json", "its answer is not JSON"],
    [{ status: 400 }, "it answered 400: a text may be too long for its model"],
    [{ status: 401 }, "it answered 401: its credentials are not accepted"],
  ])("is not believed where it answers %j, nor asked again", async (fault, why) => {
    server.faults = [fault];
    const error = await (await openai()).embed(["one", "two"], "document", waiting).catch((one) => one);
    expect(error).toMatchObject({
      kind: "EmbeddingRefused",
      message: `embedding provider "test" is of no help: ${why}`,
    });
    expect(JSON.stringify([error, error.message, error.stack])).not.toContain(apiKey);
    expect(server.asked).toHaveLength(1);
  });

  test("is not followed to where it points: its key is for nobody else", async () => {
    server.faults = Array(4).fill("moved");
    await expect((await openai()).embed(["one"], "query", waiting)).rejects.toMatchObject({
      kind: "EmbeddingUnavailable",
    });
    expect(server.asked.map(({ path }) => path)).not.toContain("/elsewhere");
  });

  test("is asked for the other batches no more where one fails for good", async () => {
    server.faults = [{ status: 400 }];
    const own = await openai("batch = 1\nconcurrency = 1");
    await expect(own.embed(words(20), "document", waiting)).rejects.toMatchObject({
      kind: "EmbeddingRefused",
    });
    expect(server.asked).toHaveLength(1);
  });

  test("may need no key, and one that is declared has to be there", async () => {
    const open = await embedder(server.declared("test").replace(/credentials = .*/, ""), {});
    await expect(open.embed(["one"], "query", waiting)).rejects.toMatchObject({
      message: expect.stringContaining("its credentials are not accepted"),
    });
    await expect(embedder(server.declared("test"), {})).rejects.toThrow(
      "embedding.test.credentials: needs the variable EMBEDDING_API_KEY",
    );
  });
});

describe("Amazon Bedrock", () => {
  const bedrock = (model: string, more = "") =>
    embedder(
      `[embedding.test]\nkind = "bedrock"\nendpoint = "${server.url}"\nregion = "eu-west-1"\nmodel = "${model}"\ncredentials = "awstest"\n${more}\n`,
    );

  test("is asked for Titan's vectors text by text, by requests that are signed", async () => {
    const own = await bedrock("amazon.titan-embed-text-v2:0", "dimension = 8");
    expect(await own.embed(["one", "two"], "document", waiting)).toEqual([near("one", 8), near("two", 8)]);
    expect(server.asked.map(({ path }) => path)).toEqual(
      Array(2).fill("/model/amazon.titan-embed-text-v2%3A0/invoke"),
    );
    expect(server.asked[0]?.headers.authorization).toContain("/eu-west-1/bedrock/aws4_request");
  });

  test.each(["cohere.embed-v4:0", "cohere.embed-multilingual-v3"])(
    "is asked for vectors of %s in batches, for documents and for queries",
    async (model) => {
      const own = await bedrock(model, "batch = 500");
      const texts = words(100);
      expect(await own.embed(texts, "document", waiting)).toEqual(texts.map((text) => near(text)));
      expect(await own.embed(["one"], "query", waiting)).toEqual([near("one")]);
      expect(server.asked.map(({ body }) => body.input_type)).toEqual([
        "search_document",
        "search_document",
        "search_query",
      ]);
    },
  );

  test("is signed for anew at each attempt, and tells of models that are not there", async () => {
    server.faults = [{ status: 429 }, { status: 500 }];
    expect(await (await bedrock("amazon.titan-embed-text-v2:0")).embed(["one"], "query", waiting)).toEqual([
      near("one"),
    ]);
    await expect((await bedrock("nobody.model")).embed(["one"], "query", waiting)).rejects.toMatchObject({
      kind: "EmbeddingRefused",
      message: expect.stringContaining("there is no such model"),
    });
  });
});
