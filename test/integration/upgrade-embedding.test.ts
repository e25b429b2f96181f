import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { storesFor } from "../../lib/adapters/store/stores.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import type { Stores } from "../../lib/domain/object-store.ts";
import { apiKey, EmbeddingServer } from "../support/embedding-server.ts";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";
import { parquetBytes } from "../support/parquet-files.ts";
import { firstKey, previousRelease, ReleaseHost, thisRelease } from "../support/release.ts";

let server: EmbeddingServer;
let lakehouse: Lakehouse;
let stores: Stores;
let older: ReleaseHost;
let newer: ReleaseHost;
let start: (folder: string) => Promise<ReleaseHost>;

beforeAll(async () => {
  server = await EmbeddingServer.start();
  lakehouse = await createLakehouse(server.declared("words", "dimension = 16"));
  const { folder } = await previousRelease();
  const toml = String(lakehouse.environment["LAKEHOUSE_TOML"]);
  const olderToml = join(lakehouse.root, "older.toml"); // it knows no providers
  await writeFile(olderToml, (await readFile(toml, "utf8")).split("[embedding.")[0] ?? "");
  const ofAll = { ...lakehouse.environment, LAKEHOUSE_AUTH: "keys", EMBEDDING_API_KEY: apiKey };
  const key = await firstKey(folder, { ...ofAll, LAKEHOUSE_TOML: olderToml });
  start = (of) =>
    ReleaseHost.start(of, of === thisRelease ? ofAll : { ...ofAll, LAKEHOUSE_TOML: olderToml }, key);
  [older, newer] = await Promise.all([start(folder), start(thisRelease)]);
  stores = storesFor(loadBuckets(readEnvironment({ ...ofAll, LAKEHOUSE_TOML: olderToml })));
  const texts = Array.from({ length: 120 }, (_, i) => ({ doc_id: `t${i}`, text: `text number ${i}` }));
  await stores("source").put("texts/a.parquet", parquetBytes(texts as never, { names: ["doc_id", "text"] }));
}, 300_000);

afterAll(async () => {
  await Promise.all([older, newer].map((host) => host?.kill()));
  await lakehouse.remove();
  await server.stop();
});

const embedding = { provider: "words", column: "text" };
const needsNewer = [503, "needs-newer-release"];
const columns = [{ name: "text", type: "Utf8" }];

async function askedOfOlder(method: string, path: string, body?: object) {
  const answer = await older.ask(method, path, body);
  return [answer.status, answer.body?.code];
}

test("an index with an embedding provider is left to this release by the one before: it would lose the provider", async () => {
  const made = await newer.ask("POST", "/indexes", { name: "notes", columns, embedding });
  expect([made.status, made.body]).toEqual([201, made.body]);
  const documents = [{ doc_id: "a", text: "some words" }];
  expect((await newer.ask("POST", "/indexes/notes/documents", { documents })).status).toBe(200);
  for (const [method, path, body] of [
    ["GET", "/indexes/notes", undefined],
    ["POST", "/indexes/notes/documents", { documents: [{ doc_id: "b", text: "other" }] }],
    ["POST", "/jobs", { type: "build-index", index: "notes" }],
    ["DELETE", "/indexes/notes", undefined],
  ] as const)
    expect([path, ...(await askedOfOlder(method, path, body))]).toEqual([path, ...needsNewer]);
  const listed = (await older.ask("GET", "/indexes")).body.indexes;
  expect(listed).toContainEqual({ name: "notes", state: "needs-newer-release" });
  const { body } = await newer.ask("POST", "/indexes/notes/search", {
    text: "words",
    k: 1,
    consistency: "strong",
  });
  expect(body.hits).toMatchObject([{ doc_id: "a" }]);
});

test.each([
  ["planned", "plan"],
  ["registered", "job"],
])("a job that embeds is left to this release once it is %s, and finished by it", async (_, document) => {
  const index = `by-${document}`;
  const dying = await start(thisRelease);
  server.pauseMs = 1_000;
  const asked = { type: "migrate", index, source: "source/texts", embedding };
  const { body } = await dying.ask("POST", "/jobs", asked);
  while (!(await stores("primary").get(`jobs/${body.id}/${document}.json`))) await sleep(5);
  await dying.kill();
  server.pauseMs = 0;
  expect(await askedOfOlder("GET", `/jobs/${body.id}`)).toEqual(needsNewer);
  expect((await newer.jobEnded(body.id)).body).toMatchObject({ state: "succeeded", rows: { done: 120 } });
  const found = await newer.ask("POST", `/indexes/${index}/search`, { text: "text number 7", k: 1 });
  expect(found.body.hits).toMatchObject([{ doc_id: "t7" }]);
});

test("so is one that builds full-text indexes, which would be left out", async () => {
  const dying = await start(thisRelease);
  const fullText = [{ column: "text", language: "en" }];
  server.pauseMs = 1_000;
  const asked = { type: "migrate", index: "told", source: "source/texts", embedding, fullText };
  const { body } = await dying.ask("POST", "/jobs", asked);
  while (!(await stores("primary").get(`jobs/${body.id}/plan.json`))) await sleep(5);
  await dying.kill();
  server.pauseMs = 0;
  expect(await askedOfOlder("GET", `/jobs/${body.id}`)).toEqual(needsNewer);
  expect((await newer.jobEnded(body.id)).body).toMatchObject({ state: "succeeded" });
  const { published } = (await newer.ask("GET", "/indexes/told")).body;
  expect(published).toMatchObject({ fullText: [{ column: "text" }], embedding: { model: "words-1" } });
});
