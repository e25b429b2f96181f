import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, Index, type Table } from "@lancedb/lancedb";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import { RowMemory } from "../../lib/adapters/lance/rows/row-memory.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import type { Lease, Reader, WarmIndexes } from "../../lib/domain/search/reader.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";

/** Rows of few words, so that many have the same score; some deleted, some that no index holds. */
const rows = 400;
const words = ["fox", "dog", "cat", "owl"];
const rowOf = (i: number) => ({
  doc_id: `r${(i * 37) % rows}`,
  vector: [Math.cos(i), Math.sin(i), (i % 7) / 7, 1],
  body: [words[i % 4], words[(i >> 2) % 4], words[(i >> 3) % 4]].join(" "),
  number: i % 10,
});
const rowsFrom = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => rowOf(from + i));

let folder: string;
let connection: Connection;
let table: Table;
let published: Publication;
let readers: { plain: LanceReader; held: LanceReader };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "text-in-memory-"));
  connection = await connect(folder);
  table = await connection.createTable("g1", rowsFrom(0, 300));
  await table.createIndex("vector", { config: Index.ivfFlat({ distanceType: "l2", numPartitions: 4 }) });
  await table.createIndex("body", { config: Index.fts({ withPosition: true }) });
  await table.add(rowsFrom(300, rows));
  await table.delete("number = 3");
  published = {
    ...{
      generation: "g1",
      idColumn: "doc_id",
      vectorColumn: "vector",
      metric: "l2",
      dimension: 4,
      rows: 360,
    },
    ...{ indexType: "IVF_FLAT", indexParameters: { numPartitions: 4 }, recall: {} },
    ...{ searchDefaults: { nprobes: 4 }, columns: columnsOf(await table.schema()) },
    fullText: [
      { column: "body", language: "en", tokenizer: "simple", stem: true, stopWords: true, positions: true },
    ],
  } as unknown as Publication;
  const held = await LanceReader.over(await connection.openTable("g1"), published, new RowMemory(16_777_216));
  await held.warm();
  readers = { plain: await LanceReader.over(table, published), held };
});

afterAll(async () => {
  for (const reader of Object.values(readers ?? {})) reader.close();
  connection?.close();
  await rm(folder, { recursive: true, force: true });
});

const search = (reader: Reader, body: object) => {
  const lease = { published, reader, openMs: 0, viewAgeMs: 0, cold: false } as unknown as Lease;
  const indexes: WarmIndexes = { use: (_index, _freshness, work) => work(lease) };
  return searchIndex(indexes, "docs", parseSearchRequest(body), 10_000);
};

/** Of rows with the same score LanceDB takes any where not all have room: k is more than there are. */
const anySearch = fc.record(
  {
    text: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }).map((some) => some.join(" ")),
    vector: fc.integer({ min: 0, max: 500 }).map((i) => rowOf(i).vector),
    select: fc.constantFrom([], ["number"], ["body", "number"], ["vector", "body"]),
    filter: fc.integer({ min: 0, max: 9 }).map((value) => ({ op: "lt", column: "number", value })),
  },
  { requiredKeys: ["text"] },
);

test("words, and both legs, find in memory what they find in the table: hits, scores, ranks, columns and order", async () => {
  const property = fc.asyncProperty(anySearch, async (asked) => {
    const body = { ...asked, k: rows };
    const [plain, held] = await Promise.all([search(readers.plain, body), search(readers.held, body)]);
    expect(held.hits).toEqual(plain.hits);
    for (const { doc_id, body: text } of held.hits) {
      const row = rowsFrom(0, rows).find((one) => one.doc_id === doc_id);
      expect(row).toMatchObject({ doc_id, ...(text === undefined ? {} : { body: text }) });
    }
  });
  await fc.assert(property, { numRuns: 60 });
}, 60_000);

test("the best by their words have in memory the scores that they have in the table, however few are asked for", async () => {
  for (const k of [1, 7, 50]) {
    const scores = async (reader: Reader) =>
      (await search(reader, { text: "fox dog", k })).hits.map(({ score }) => score);
    expect(await scores(readers.held)).toEqual(await scores(readers.plain));
  }
});

test("rows of hits whose table moved on are not read, and the next search has the documents of now", async () => {
  const moving = await LanceReader.over(
    await connection.openTable("g1"),
    published,
    new RowMemory(16_777_216),
  );
  await moving.warm();
  const { version } = moving;
  const settings = { nprobes: 4 };
  const vector = Float32Array.from(rowOf(1).vector);
  const query = { vector, k: 3, columns: [], settings, isInner: true, timeoutMs: 10_000 };
  const hits = await moving.search(query);
  const [first, second] = hits.map(({ doc_id }) => doc_id);
  const writer = await connection.openTable("g1");
  await writer.update({ where: `doc_id = '${first}'`, values: { body: "changed" } });
  await writer.delete(`doc_id = '${second}'`);
  await writer.optimize();
  await moving.refresh();
  expect(await moving.documentsOf(version, hits, ["body"], 10_000)).toBeUndefined();
  const { hits: found } = await search(moving, {
    vector: rowOf(1).vector,
    text: "changed",
    k: 3,
    select: ["body"],
  });
  expect(found.find(({ doc_id }) => doc_id === first)).toMatchObject({ body: "changed" });
  expect(found.map(({ doc_id }) => doc_id)).not.toContain(second);
  writer.close();
  moving.close();
});
