import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { Principal } from "../../lib/domain/access/principal.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { type AskedPatch, patchDocuments } from "../../lib/domain/documents/patch-documents.ts";
import type { KeyedWrite } from "../../lib/domain/documents/stored-turn.ts";
import { type WriteMode, writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { apiKey, EmbeddingServer } from "../support/embedding-server.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { wordsVector } from "../support/words-vector.ts";

let server: EmbeddingServer;
let lakehouse: Lakehouse;
let container: Container;

const keyOf = { EMBEDDING_API_KEY: apiKey };

beforeAll(async () => {
  server = await EmbeddingServer.start();
  lakehouse = await createLakehouse(
    server.declared("words", "dimension = 16") + server.declared("unsized", "batch = 2"),
  );
  container = lakehouse.open(keyOf);
  await create({ name: "notes", columns, embedding: { provider: "words", column: "text" } });
});

beforeEach(() => {
  server.faults = [];
  server.forget();
});

afterAll(async () => {
  await lakehouse.remove();
  await server.stop();
});

const columns = [
  { name: "text", type: "Utf8" },
  { name: "tenant", type: "Utf8" },
];

const create = (body: object, by = container) => createIndex(by, createRequest.parse(body), undefined);

const write = (
  documents: unknown[],
  {
    index = "notes",
    mode = "upsert" as WriteMode,
    keyed,
    by = container,
  }: { index?: string; mode?: WriteMode; keyed?: KeyedWrite; by?: Container } = {},
) => writeDocuments(by, { index, mode, documents, keyed }, 20_000);

const patch = (asked: AskedPatch, index = "notes", keyed?: KeyedWrite) =>
  patchDocuments(container, index, asked, keyed, 20_000);

const search = (asked: object, index = "notes", by: Container = container) =>
  searchIndex(
    by.indexes,
    index,
    parseSearchRequest({ consistency: "strong", ...asked }),
    20_000,
    undefined,
    by.providers,
  );

const vectorOf = async (docId: string, index = "notes") =>
  (
    await fetchDocument(
      container.indexes,
      { index, docId, select: ["vector"], consistency: "strong" },
      20_000,
    )
  )["vector"];

const float32 = (text: string, dimension = 16) =>
  Array.from(Float32Array.from(wordsVector(text, dimension)), (one) => expect.closeTo(one, 6));

const idsOf = ({ hits }: Awaited<ReturnType<typeof search>>) => hits.map(({ doc_id }) => doc_id);

describe("documents of an index with an embedding provider", () => {
  test("are embedded by their text unless they bring a vector, and found by text", async () => {
    const own = [1, ...Array(15).fill(0)];
    await write([
      { doc_id: "cats", text: "cats drink milk" },
      { doc_id: "given", text: "dogs chase cars", vector: own },
      { doc_id: "trains", text: "trains leave at noon", vector: null },
    ]);
    expect(server.texts).toEqual(["cats drink milk", "trains leave at noon"]);
    expect(await vectorOf("cats")).toEqual(float32("cats drink milk"));
    expect(await vectorOf("given")).toEqual(own);
    const found = await search({ text: "trains at noon", k: 1 });
    expect(idsOf(found)).toEqual(["trains"]);
    expect(found.performance.embedMs).toBeGreaterThan(0);
    expect(idsOf(await search({ vector: wordsVector("milk cats", 16), k: 1 }))).toEqual(["cats"]);
  });

  test("show by what they are embedded, as a job that builds them anew leaves it", async () => {
    const shown = async () =>
      (await describeIndex(container.registry, container.indexes, container.fallbacks, "notes")).published;
    const embedding = { provider: "words", model: "words-1", column: "text" };
    expect(await shown()).toMatchObject({ dimension: 16, embedding });
    await write([{ doc_id: "before", text: "written before the job" }]);
    expect(await runJob(container, { type: "build-index", index: "notes" })).toMatchObject({
      state: "succeeded",
    });
    expect(await shown()).toMatchObject({ generation: "g2", embedding });
    expect(idsOf(await search({ text: "written before the job", k: 1 }))).toEqual(["before"]);
  });

  test("are refused before anything is embedded where one of them is wrong", async () => {
    await expect(
      write([
        { doc_id: "a", text: "fine" },
        { doc_id: "b" },
        { doc_id: "c", text: " " },
        { doc_id: "d", text: 7 },
      ]),
    ).rejects.toMatchObject({
      kind: "BadRequest",
      issues: ["documents[1].text", "documents[2].text", "documents[3].text"].map((path) => ({
        path,
        message: 'must be a text of which provider "words" makes the vector, or the vector be given',
      })),
    });
    await expect(write([{ doc_id: "a", text: "fine", tenant: 7 }, { text: "no id" }])).rejects.toMatchObject({
      kind: "BadRequest",
      issues: [{ path: "documents[0].tenant" }, { path: "documents[1].doc_id" }],
    });
    expect(server.asked).toEqual([]);
  });

  test("that are sent again under their key are embedded once, and written once", async () => {
    const keyed = { key: "k1", request: "r1" };
    const first = await write([{ doc_id: "once", text: "only once" }], { keyed, mode: "insert" });
    server.forget();
    expect(await write([{ doc_id: "once", text: "only once" }], { keyed, mode: "insert" })).toEqual(first);
    expect(server.asked).toEqual([]);
  });

  test("whose text is changed are embedded anew, and others stay as they are", async () => {
    await write([{ doc_id: "p", text: "apples and pears", tenant: "a" }]);
    await patch({ docId: "p", set: { tenant: "b" } });
    expect(await vectorOf("p")).toEqual(float32("apples and pears"));
    await patch({ docId: "p", set: { text: "plums" } });
    expect(await vectorOf("p")).toEqual(float32("plums"));
    await patch({ documents: [{ doc_id: "p", text: "grapes" }], dryRun: false });
    expect(await vectorOf("p")).toEqual(float32("grapes"));
    const own = [0, 1, ...Array(14).fill(0)];
    await patch({ docId: "p", set: { text: "cherries", vector: own } });
    expect(await vectorOf("p")).toEqual(own);
    await expect(patch({ docId: "p", set: { text: null } })).rejects.toMatchObject({
      kind: "BadRequest",
      issues: [{ path: "set.text" }],
    });
    const filter = { op: "eq" as const, column: "tenant", value: "b" };
    await expect(patch({ filter, set: { text: "same for all" }, dryRun: false })).rejects.toMatchObject({
      issues: [{ path: "set.text", message: expect.stringContaining("is set by id") }],
    });
  });

  test("are not written where the provider fails, and can be sent again", async () => {
    server.faults = [{ status: 401 }];
    const documents = [{ doc_id: "late", text: "later" }];
    await expect(write(documents)).rejects.toMatchObject({ kind: "EmbeddingRefused", status: 502 });
    expect(await write(documents)).toMatchObject({ inserted: 1 });
  });

  test("tell their columns where none were told, beside that of their text", async () => {
    await create({ name: "inferred", dimension: 16, embedding: { provider: "unsized", column: "body" } });
    const documents = ["one", "two", "three"].map((body, i) => ({ doc_id: body, body, size: i }));
    const { columns: told } = await write(documents, { index: "inferred" });
    expect(told).toContainEqual({ name: "size", type: "Int64" });
    expect(told).toContainEqual({ name: "body", type: "Utf8" });
    expect(idsOf(await search({ text: "three", k: 1 }, "inferred"))).toEqual(["three"]);
  });
});

describe("what an index is made with", () => {
  test.each<[object, string, string]>([
    [
      { embedding: { provider: "nobody", column: "text" } },
      "embedding.provider",
      "declared are: words, unsized",
    ],
    [{ embedding: { provider: "unsized", column: "text" } }, "dimension", "declares none"],
    [{ dimension: 8, embedding: { provider: "words", column: "text" } }, "dimension", "makes vectors of 16"],
    [{ embedding: { provider: "words", column: "other" } }, "embedding.column", "must be one of the columns"],
    [{}, "dimension", "must be given"],
  ])("%j is refused", async (asked, path, message) => {
    await expect(create({ name: "wrong", columns, ...asked })).rejects.toMatchObject({
      kind: "BadRequest",
      issues: [{ path, message: expect.stringContaining(message) }],
    });
  });

  test("is looked at at each use: another model, another dimension, or none of that name", async () => {
    const text = { text: "cats" };
    const withToml = async (more: string) => {
      const other = await createLakehouse(more);
      const own = container.providers;
      try {
        return other.open(keyOf).providers;
      } finally {
        expect(own).toBe(container.providers);
        await other.remove();
      }
    };
    const cases: [string, string][] = [
      ["", "which lakehouse.toml does not declare"],
      [server.declared("words").replace("words-1", "words-2"), 'provider "words" has "words-2" now'],
      [server.declared("words", "dimension = 8"), "is told to make 8"],
    ];
    for (const [toml, message] of cases) {
      const by = { ...container, providers: await withToml(toml) };
      const mismatch = { kind: "EmbeddingMismatch", status: 409, message: expect.stringContaining(message) };
      await expect(search(text, "notes", by)).rejects.toMatchObject(mismatch);
      await expect(write([{ doc_id: "x", text: "x" }], { by })).rejects.toMatchObject(mismatch);
      expect(idsOf(await search({ vector: wordsVector("cats", 16), k: 1 }, "notes", by))).toHaveLength(1);
    }
    expect(server.asked).toEqual([]);
    server.faults = ["wrong-dimension"];
    await expect(search(text)).rejects.toMatchObject({
      kind: "EmbeddingMismatch",
      message: expect.stringContaining("made one of 17"),
    });
  });

  test("without a provider, text that is searched by is refused", async () => {
    await create({ name: "plain", dimension: 2 });
    await expect(search({ text: "cats" }, "plain")).rejects.toMatchObject({ issues: [{ path: "text" }] });
    await expect(
      search({ text: "cats", filter: { op: "eq", column: "nope", value: 1 } }),
    ).rejects.toMatchObject({
      kind: "BadRequest",
    });
    expect(() => parseSearchRequest({ text: "cats", docId: "a", vector: [1] })).toThrow("send one of them");
    expect(() => parseSearchRequest({ text: " " })).toThrow("must hold a word");
    expect(server.asked).toEqual([]);
  });
});

test("a tenant finds by text what is its own alone, and writes no other", async () => {
  await write([
    { doc_id: "t1", text: "secret plans", tenant: "one" },
    { doc_id: "t2", text: "secret plans", tenant: "two" },
  ]);
  const grants = [{ actions: ["search" as const, "write" as const], indexes: ["notes"], buckets: [] }];
  const filter = { op: "eq" as const, column: "tenant", value: "two" };
  const own = container.scopedTo(new Principal("key", grants, filter));
  expect(idsOf(await search({ text: "secret plans", k: 100 }, "notes", own))).toEqual(["t2"]);
  await expect(write([{ doc_id: "t3", text: "x", tenant: "one" }], { by: own })).rejects.toMatchObject({
    kind: "Forbidden",
  });
});
