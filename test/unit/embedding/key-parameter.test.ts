import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { declaredProviders } from "../../../lib/adapters/embedding/declared-providers.ts";
import { readEnvironment } from "../../../lib/config/environment.ts";
import { loadEmbedders, loadRerankers } from "../../../lib/config/lakehouse.ts";
import { limits } from "../../../lib/config/limits.ts";
import { awsKey } from "../../support/bedrock-protocol.ts";
import { apiKey, EmbeddingServer } from "../../support/embedding-server.ts";
import { ParameterServer } from "../../support/parameter-server.ts";

const name = "/serverless-lance/test/openai";
const stored = `key_parameter = "${name}"`;
const waiting = { timeoutMs: 10_000 };

let server: EmbeddingServer;
let parameters: ParameterServer;
let root: string;

beforeAll(async () => {
  server = await EmbeddingServer.start();
  parameters = await ParameterServer.start();
  root = await mkdtemp(join(tmpdir(), "parameters-"));
});

beforeEach(() => {
  vi.stubEnv("AWS_ENDPOINT_URL_SSM", parameters.url);
  vi.stubEnv("AWS_ACCESS_KEY_ID", awsKey.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", awsKey.secretAccessKey);
  vi.stubEnv("AWS_SESSION_TOKEN", undefined);
  vi.stubEnv("AWS_PROFILE", undefined);
  parameters.parameters.clear();
  parameters.parameters.set(name, apiKey);
  parameters.faults = [];
  parameters.asked.length = 0;
  server.forget();
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

afterAll(async () => {
  await server.stop();
  await parameters.stop();
  await rm(root, { recursive: true, force: true });
});

async function providers(more = stored) {
  const declared = server.declared("test") + server.declaredReranker("test");
  await writeFile(join(root, "lakehouse.toml"), declared.replaceAll('credentials = "embedding"', more));
  const environment = readEnvironment({});
  return declaredProviders(loadEmbedders(environment, root), loadRerankers(environment, root));
}

const embed = async (by: Awaited<ReturnType<typeof providers>>) =>
  by.embedder("test")?.embed(["one"], "query", waiting);

test("a key that SSM holds is read at the first request, signed, and not again for the next", async () => {
  const own = await providers();
  expect(parameters.asked).toEqual([]);
  expect(await embed(own)).toHaveLength(1);
  expect(await embed(own)).toHaveLength(1);
  expect(await own.reranker("test")?.rerank("one", ["one"], waiting)).toEqual([1]);
  expect(parameters.asked).toEqual([name, name]); // a provider each
});

test("another is taken up after 5 minutes, and the known one kept while SSM does not answer", async () => {
  const own = await providers();
  await embed(own);
  const later = performance.now() + limits.providerKeyKeptMs;
  vi.spyOn(performance, "now").mockImplementation(() => later);
  parameters.faults = Array(4).fill("ThrottlingException");
  expect(await embed(own)).toHaveLength(1);
  expect(parameters.asked).toHaveLength(5);
  parameters.parameters.set(name, "another");
  const evenLater = later + limits.providerKeyKeptMs;
  vi.spyOn(performance, "now").mockImplementation(() => evenLater);
  await expect(embed(own)).rejects.toMatchObject({ kind: "EmbeddingRefused" });
  expect(server.asked.at(-1)?.headers.authorization).toBe("Bearer another");
});

test("SSM is asked again where what it says passes", async () => {
  parameters.faults = ["ThrottlingException", "InternalServerError"];
  expect(await embed(await providers())).toHaveLength(1);
  expect(parameters.asked).toHaveLength(3);
});

test.each([
  ["AccessDeniedException", "EmbeddingRefused", "is of no help: SSM answered AccessDeniedException"],
  ["ParameterNotFound", "EmbeddingRefused", "is of no help: SSM answered ParameterNotFound"],
  ["ThrottlingException", "EmbeddingUnavailable", "does not answer: SSM answered ThrottlingException"],
])(
  "where it says %s nothing is asked of the provider, and the error names neither key nor parameter",
  async (fault, kind, why) => {
    parameters.faults = Array(4).fill(fault);
    const error = await embed(await providers()).catch((one) => one);
    expect(error).toMatchObject({ kind, message: `the API key of embedding provider "test" ${why}` });
    expect(server.asked).toEqual([]);
  },
);

test("what is no key is not sent", async () => {
  parameters.parameters.set(name, "two\nlines");
  await expect(embed(await providers())).rejects.toMatchObject({
    message: 'the API key of embedding provider "test" is of no help: the parameter holds none',
  });
});

test.each([
  ["openai", 'key_parameter = "openai"'],
  ["one of SSM's own", 'key_parameter = "/aws/reference/secretsmanager/x"'],
  ["one with a wildcard", 'key_parameter = "/serverless-lance/*"'],
])("%s is no name of a parameter", async (_, more) => {
  await expect(providers(more)).rejects.toThrow(
    /embedding.test.key_parameter: the name of an SSM parameter, such as/,
  );
});

test("either a variable holds the key or a parameter", async () => {
  await expect(providers(`credentials = "embedding"\n${stored}`)).rejects.toThrow(
    /embedding.test.credentials: and key_parameter are one too many/,
  );
});
