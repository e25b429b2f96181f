import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { fetchDocuments } from "../../lib/domain/search/fetch-document.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { apiKey, EmbeddingServer } from "../support/embedding-server.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { type ParquetOptions, writeParquetFile } from "../support/parquet-files.ts";
import { wordsVector } from "../support/words-vector.ts";

let server: EmbeddingServer;
let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  server = await EmbeddingServer.start();
  lakehouse = await createLakehouse(
    server.declared("words", "dimension = 16\nconcurrency = 1\nbatch = 200") + server.declared("unsized"),
  );
  container = lakehouse.open({ EMBEDDING_API_KEY: apiKey });
});

beforeEach(() => {
  server.faults = [];
  server.forget();
});

afterAll(async () => {
  await lakehouse.remove();
  await server.stop();
});

const embedding = { provider: "words", column: "text" };

const migrate = (index: string, more: object = {}) =>
  runJob(container, { type: "migrate", index, source: `source/${index}`, embedding, ...more });

const textsOf = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({ doc_id: `${prefix}${i}`, text: `${prefix} number ${i}` }));

/** A file without vectors. */
const write = (path: string, rows: object[], more: ParquetOptions = {}) =>
  writeParquetFile(join(lakehouse.source, path), rows as never, { names: ["doc_id", "text"], ...more });

/** The vectors that are stored of some documents, beside those that their texts have. */
async function compared(index: string, ids: string[]) {
  const request = { ids, select: ["text", "vector"], consistency: "strong" as const };
  const { documents } = await fetchDocuments(container.indexes, index, request, 20_000);
  expect(documents).toHaveLength(ids.length);
  const off = documents.filter(({ text, vector }) => {
    const right = wordsVector(String(text), 16);
    return (vector as number[]).some((one, i) => Math.abs(one - (right[i] ?? 0)) > 1e-6);
  });
  return off.map(({ doc_id }) => doc_id);
}

describe("Parquet without vectors", () => {
  const [long, short, few] = [textsOf("long", 2_600), textsOf("short", 300), textsOf("few", 5)];

  test("is embedded as it is loaded, each row once, and found by text", async () => {
    await write("plain/a.parquet", long, { rowGroupRows: 3_000 });
    await write("plain/b.parquet", short);
    await write("plain/deep/c.parquet", few);
    const job = await migrate("plain");
    expect(job).toMatchObject({ state: "succeeded", rows: { done: 2_905, total: 2_905 } });
    expect(job.units.total).toBeGreaterThan(3); // no unit holds more than some
    expect(server.texts.sort()).toEqual([...long, ...short, ...few].map(({ text }) => text).sort());
    const ids = [...long.slice(1_990, 2_600), ...short, ...few].map(({ doc_id }) => doc_id);
    expect(await compared("plain", ids)).toEqual([]);
    const { published } = await describeIndex(
      container.registry,
      container.indexes,
      container.fallbacks,
      "plain",
    );
    expect(published).toMatchObject({
      dimension: 16,
      rows: 2_905,
      embedding: { ...embedding, model: "words-1" },
    });
    const request = parseSearchRequest({ text: "few number 3", k: 1, exact: true });
    const { hits } = await searchIndex(
      container.indexes,
      "plain",
      request,
      20_000,
      undefined,
      container.providers,
    );
    expect(hits).toMatchObject([{ doc_id: "few3" }]);
  });

  test("is embedded again for no more than the unit that was under way when the provider was gone for a while", async () => {
    await write("gone/a.parquet", short);
    await write("gone/b.parquet", few);
    await write("gone/c.parquet", textsOf("last", 250));
    server.faults = ["none", "none", "none", ...Array(4).fill({ status: 503 })]; // two files are appended by then
    expect(await migrate("gone")).toMatchObject({ state: "succeeded", rows: { done: 555 } });
    const asked = server.texts;
    const twice = new Set(asked.filter((text, i) => asked.indexOf(text) !== i));
    expect([...twice].every((text) => text.startsWith("last"))).toBe(true);
    const ids = [...short, ...few, ...textsOf("last", 250)].map(({ doc_id }) => doc_id);
    expect(await compared("gone", ids)).toEqual([]);
  });

  test("takes columns that are chosen, where its text is among them", async () => {
    await write(
      "chosen/a.parquet",
      few.map((row) => ({ ...row, other: "x" })),
      { names: ["doc_id", "text", "other"] },
    );
    const columns = { include: ["doc_id", "text"] };
    expect(await migrate("chosen", { columns, vectorColumn: "made" })).toMatchObject({ state: "succeeded" });
    expect(await migrate("chosen", { columns: { include: ["doc_id", "other"] } })).toMatchObject({
      state: "failed",
      error: { code: "source-invalid", message: expect.stringContaining("is left out") },
    });
  });
});

describe("a migration that is to embed fails, and says why, where", () => {
  test("rows have no text", async () => {
    await write("empty/a.parquet", [
      ...textsOf("t", 3),
      { doc_id: "x", text: null },
      { doc_id: "y", text: " " },
    ]);
    const { error } = await migrate("empty");
    expect(error).toMatchObject({
      code: "source-invalid",
      issues: [3, 4].map((row) => ({
        path: `empty/a.parquet, row group 0, row ${row}`,
        message: "has no text of which to make a vector",
      })),
    });
    expect(server.asked).toEqual([]);
  });

  test.each<[string, object, object, string]>([
    [
      "no provider has the name",
      { embedding: { ...embedding, provider: "nobody" } },
      {},
      "declared are: words",
    ],
    ["no dimension is known", { embedding: { ...embedding, provider: "unsized" } }, {}, "declares none"],
    ["bad vectors are to be left out", { onBadVector: "skip" }, {}, "here they are made"],
    ["there is no such column", { embedding: { ...embedding, column: "body" } }, {}, 'no column "body"'],
    [
      "the column holds no text",
      { embedding: { ...embedding, column: "vector" }, vectorColumn: "v" },
      { names: ["doc_id", "vector"] },
      "no text",
    ],
    ["there are vectors", {}, { names: ["doc_id", "text", "vector"] }, "leave embedding out"],
  ])("%s", async (_, more, options, message) => {
    await write(
      "wrong/a.parquet",
      textsOf("w", 2).map((row) => ({ ...row, vector: [1, 2] })),
      options,
    );
    const { state, error } = await migrate("wrong", more);
    expect([state, error?.message]).toEqual(["failed", expect.stringContaining(message)]);
    expect(server.asked).toEqual([]);
  });

  test("the provider refuses them", async () => {
    await write("refused/a.parquet", textsOf("r", 2));
    server.faults = [{ status: 401 }];
    expect(await migrate("refused")).toMatchObject({ state: "failed", error: { code: "embedding-refused" } });
  });
});
