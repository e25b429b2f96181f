import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Field, FixedSizeBinary, Int64, List, Table, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";
import { Encoding } from "parquet-wasm/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import { type Answer, type KeyedApi, openKeyedApi, outcome } from "../support/keyed-api.ts";
import { runJob } from "../support/lakehouse.ts";
import { type BombCodec, pageBomb } from "../support/parquet-bombs.ts";
import { Compression, parquetBytes, sampleRows, tableBytes } from "../support/parquet-files.ts";
import { decodeFile } from "../unit/parquet/decode-file.ts";

/** API4:2023 Unrestricted resource consumption: little that is sent or stored costs little. */
let api: KeyedApi;
let sources: string;
beforeAll(async () => {
  api = await openKeyedApi();
  await api.makeIndex("docs");
  sources = join(api.root, "_testing");
  await mkdir(sources, { recursive: true });
});
afterAll(() => api?.close());

describe("a Parquet file of which a page unpacks to 2 GB", () => {
  const largest = 2n ** 31n - 1n;
  test.each<[BombCodec, bigint | undefined]>([
    ["GZIP", undefined],
    ["ZSTD", 100_000_000n],
    ["SNAPPY", largest],
    ["LZ4_RAW", largest],
  ])(
    "by %s is refused, by little memory, where it claims %s, and the next file is read",
    async (codec, claimed) => {
      const bomb = Uint8Array.from(pageBomb(codec, claimed));
      expect(bomb.length).toBeLessThan(3_000_000);
      const place = "f, row group 0: cannot be decoded; the file is damaged";
      await expect(decodeFile(bomb)).rejects.toMatchObject({ kind: "SourceInvalid", message: place });
      expect(await decodeFile(parquetBytes(sampleRows(10)))).toHaveLength(1);
      expect(process.resourceUsage().maxRSS * 1_024).toBeLessThan(2 * 1_073_741_824);
    },
  );
});

describe("a source that is small as it is stored and huge as it is loaded", () => {
  /** 64 MB of equal vectors with numbered ids, in some kilobytes. */
  function equalVectors(): Uint8Array {
    const [rows, dimension] = [4_096, 4_096];
    const vector = new Uint8Array(new Float32Array(dimension).fill(1).buffer);
    const ids = Array.from({ length: rows }, (_, i) => BigInt(i));
    const table = new Table({
      id: vectorFromArray(ids, new Int64()),
      vector: vectorFromArray(Array<Uint8Array>(rows).fill(vector), new FixedSizeBinary(4 * dimension)),
    });
    return tableBytes(table, {
      rowGroupRows: rows,
      compression: Compression.ZSTD,
      properties: (builder) =>
        builder.setColumnDictionaryEnabled("id", false).setColumnEncoding("id", Encoding.DELTA_BINARY_PACKED),
    });
  }

  async function migrate(folder: string) {
    return runJob(api.container, { type: "migrate", index: "bomb", source: `testing/${folder}` });
  }

  const refusal = {
    code: "source-invalid",
    phase: "plan",
    message: expect.stringMatching(/bytes that would be \d+ when/),
  };

  test("by its vectors is refused before anything is loaded", async () => {
    const file = equalVectors();
    expect(file.length).toBeLessThan(65_536);
    await mkdir(join(sources, "vectors"));
    for (let i = 0; i < 17; i++) await writeFile(join(sources, "vectors", `${i}.parquet`), file);
    const { state, error, rows } = await migrate("vectors");
    expect([state, rows.done]).toEqual(["failed", 0]);
    expect(error).toMatchObject(refusal);
  });

  test("by the texts of its dictionaries is refused, too", async () => {
    await mkdir(join(sources, "texts"));
    const file = join(import.meta.dirname, "../support/parquet/repetitive-text.parquet");
    for (let i = 0; i < 14; i++) await copyFile(file, join(sources, "texts", `${i}.parquet`));
    expect((await migrate("texts")).error).toMatchObject(refusal);
  });
});

const search = (body: object) =>
  api.ask(api.everything, "search", { path: { index: "docs" }, body: { vector: [1, 1], ...body } });
const write = (raw: string, headers: Record<string, string>, isBase64Encoded = false) =>
  api.ask(api.everything, "writeDocuments", { path: { index: "docs" }, raw, headers, isBase64Encoded });
const paths = ({ body }: Answer): string[] => (body.issues ?? []).map(({ path }: { path: string }) => path);

test("a body that is compressed is not unpacked: it says so, or is no JSON", async () => {
  const zipped = gzipSync(Buffer.alloc(200_000_000)).toString("base64");
  expect(zipped.length).toBeLessThan(limits.maxBodyBytes);
  const told = await write(zipped, { "content-encoding": "gzip" }, true);
  expect([...outcome(told), told.body.detail]).toEqual([
    ...[415, "unsupported-media-type", "send the body as it is, without a content-encoding"],
  ]);
  expect(outcome(await write(zipped, {}, true))).toEqual([400, "invalid-json"]);
});

test("an Arrow stream of lists in lists in lists is refused by its schema", async () => {
  let type: Utf8 | List = new Utf8();
  for (let i = 0; i < 500; i++) type = new List(new Field("item", type, true));
  const table = new Table({ deep: vectorFromArray([null], type) });
  const stream = Buffer.from(tableToIPC(table, "stream")).toString("base64");
  const answer = await write(stream, { "content-type": "application/vnd.apache.arrow.stream" }, true);
  expect(outcome(answer)).toEqual([400, "bad-request"]);
});

test("the largest search that is taken is answered, and one that is larger anywhere is refused by its place", async () => {
  const dimension = limits.maxDimension;
  const index = "wide";
  const made = await api.ask(api.everything, "createIndex", {
    body: { name: index, dimension, metric: "l2", columns: [{ name: "text", type: "Utf8" }] },
  });
  expect(made.status).toBe(201);
  const leaves = Array.from({ length: limits.maxFilterNodes - 1 }, (_, i) => ({
    ...{ op: "in", column: "text" },
    values: Array.from({ length: limits.maxFilterValues }, (_, j) => `${i}-${j}`),
  }));
  const filter = { op: "or", filters: leaves };
  const ask = (body: object) => api.ask(api.everything, "search", { path: { index }, body });
  const vector = Array<number>(dimension).fill(0.123456789);
  const largest = { vector, k: limits.maxK, filter, select: ["text", "vector"] };
  expect((await ask(largest)).status).toBe(200);
  const more = await ask({
    ...largest,
    vector: [...vector, 1],
    k: limits.maxK + 1,
    filter: { op: "not", filter },
  });
  expect(more.status).toBe(400);
  expect(paths(more)).toEqual(expect.arrayContaining(["body.vector", "body.k", "body.filter"]));
});

test("no count that is asked for is without an end", async () => {
  const { maxFetchedDocuments, maxListedDocuments, maxPageSize, maxDocuments } = limits;
  const ids = Array.from({ length: maxFetchedDocuments + 1 }, (_, i) => `${i}`);
  const documents = Array.from({ length: maxDocuments + 1 }, (_, i) => ({ doc_id: `${i}`, vector: [0, 1] }));
  const path = { index: "docs" };
  const root = api.everything;
  const limit = (most: number) => ({ query: { limit: `${most + 1}` } });
  const refused: [Promise<Answer>, string][] = [
    [search({ nprobes: limits.maxNprobes + 1 }), "body.nprobes"],
    [search({ refineFactor: limits.maxRefineFactor + 1 }), "body.refineFactor"],
    [search({ ef: limits.maxEf + 1 }), "body.ef"],
    [api.ask(root, "fetchDocuments", { path, body: { ids } }), "body.ids"],
    [api.ask(root, "listDocuments", { path, ...limit(maxListedDocuments) }), "query.limit"],
    [api.ask(root, "listIndexes", limit(maxPageSize)), "query.limit"],
    [api.ask(root, "listJobs", limit(maxPageSize)), "query.limit"],
    [api.ask(root, "writeDocuments", { path, body: { documents } }), "body.documents"],
  ];
  for (const [answering, place] of refused) expect(paths(await answering)).toEqual([place]);
});
