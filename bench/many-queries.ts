import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { connect, Index } from "@lancedb/lancedb";
import { Field, FixedSizeList, Float32, Table, Utf8, vectorFromArray } from "apache-arrow";
import { columnsOf } from "../lib/adapters/arrow/arrow-schema.ts";
import { LanceReader } from "../lib/adapters/lance/reading/lance-reader.ts";
import { RowMemory } from "../lib/adapters/lance/rows/row-memory.ts";
import type { Publication } from "../lib/domain/index/index-entry.ts";
import { parseSearchRequest } from "../lib/domain/search/parse-search.ts";
import { parseSearchBody, type QueriesRequest } from "../lib/domain/search/queries-request.ts";
import type { Lease, WarmIndexes } from "../lib/domain/search/reader.ts";
import { searchIndex } from "../lib/domain/search/search-index.ts";
import { searchQueries } from "../lib/domain/search/search-queries.ts";
import { machine } from "./machine.ts";
import { resultSoFar, writeReport } from "./report.ts";
import { seededNormal } from "./seeded-random.ts";

/**
 * What 64 queries at once take, beside one: warm, in a local folder, 100,000 x 768 by default, in turn.
 * node bench/many-queries.ts [rows] [turns]
 */
const [rows = 100_000, turns = 15] = process.argv.slice(2).map(Number);
const dimension = 768;
const block = 10_000;
const random = seededNormal(19);
const centres = Array.from({ length: 200 }, () => Array.from({ length: dimension }, random));
const near = (i: number) => (centres[i % centres.length] ?? []).map((one) => one + random() * 0.8);
const type = new FixedSizeList(dimension, new Field("item", new Float32(), true));
const part = (from: number) =>
  new Table({
    doc_id: vectorFromArray(
      Array.from({ length: block }, (_, i) => `d${from + i}`),
      new Utf8(),
    ),
    vector: vectorFromArray(
      Array.from({ length: block }, (_, i) => near(from + i)),
      type,
    ),
  } as never);

const folder = await mkdtemp(join(tmpdir(), "many-queries-"));
const connection = await connect(folder);
const table = await connection.createTable("g1", part(0));
for (let from = block; from < rows; from += block) await table.add(part(from));
const config = {
  distanceType: "cosine",
  numPartitions: 158,
  numBits: 5,
  maxIterations: 10,
  sampleRate: 64,
} as const;
await table.createIndex("vector", { config: Index.ivfRq(config) });
const published = {
  ...{ generation: "g1", idColumn: "doc_id", vectorColumn: "vector", metric: "cosine", dimension, rows },
  ...{
    indexType: "IVF_RQ",
    indexParameters: { numPartitions: 158 },
    recall: {},
    searchDefaults: { nprobes: 20 },
  },
  columns: columnsOf(await table.schema()),
} as unknown as Publication;
const reader = await LanceReader.over(table, published, new RowMemory(268_435_456));
await reader.warm();
const lease = { published, reader, openMs: 0, viewAgeMs: 0, cold: false } as unknown as Lease;
const indexes: WarmIndexes = { use: (_index, _freshness, work) => work(lease) };

const took: Record<"one" | "many", number[]> = { one: [], many: [] };
for (let turn = 0; turn < turns; turn++) {
  const queries = Array.from({ length: 64 }, (_, i) => ({ vector: near(turn * 64 + i) }));
  const many = parseSearchBody({ queries }) as QueriesRequest;
  for (const query of queries.slice(0, 12)) {
    const started = performance.now();
    await searchIndex(indexes, "docs", parseSearchRequest(query), 30_000);
    if (turn > 2) took.one.push(performance.now() - started);
  }
  const started = performance.now();
  await searchQueries(indexes, "docs", many, 30_000);
  if (turn > 2) took.many.push(performance.now() - started);
}
const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
const [one, many] = [median(took.one), median(took.many)];
const out = join("bench", "results");
const { report, sections } = resultSoFar(out, "text");
const on = { rows, dimension, queries: 64, machine: machine() };
const queries = { on, figures: { one, many, load: loadavg()[0] ?? 0 } };
await writeReport(out, { report, sections: { ...sections, queries } });
console.log(`one ${one.toFixed(2)} ms, 64 at once ${many.toFixed(1)} ms: ${(many / one).toFixed(1)} x`);
table.close();
connection.close();
await rm(folder, { recursive: true, force: true });
