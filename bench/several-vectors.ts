import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, Index, type Table } from "@lancedb/lancedb";
import {
  Table as ArrowTable,
  Field,
  FixedSizeList,
  Float32,
  List,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { machine } from "./machine.ts";
import { seededNormal } from "./seeded-random.ts";

/**
 * What LanceDB makes of several vectors a row, beside MaxSim over all rows as it is computed here: how many of the ten nearest
 * it finds, how many of these with the distance that they have, and in what time. Warm, in a local folder; every partition
 * is probed. Writes `bench/results/several-vectors.md`.
 */
const random = seededNormal(19);
const vectorOf = (dimension: number) => Array.from({ length: dimension }, random);
const some = <T>(of: T[]): T => of[Math.floor(Math.abs(random()) * 1e6) % of.length] as T;
const sum = (...vectors: number[][]) =>
  (vectors[0] ?? []).map((_, i) => vectors.reduce((s, one) => s + (one[i] ?? 0), 0));
const scaled = (vector: number[], by: number) => vector.map((one) => one * by);

interface Case {
  name: string;
  dimension: number;
  rows: number[][][];
  queries: number[][][];
}

/** Words of a topic, as a model that reads whole texts tells them: those of a query are in part a document's own. */
function ofTexts(): Case {
  const [words, topics] = [2_000, 100].map((n) => Array.from({ length: n }, () => vectorOf(64))) as [
    number[][],
    number[][],
  ];
  const token = (topic: number[], word: number[]) =>
    sum(word, scaled(topic, 0.5), scaled(vectorOf(64), 0.25));
  const texts = Array.from({ length: 10_000 }, () => ({
    topic: some(topics),
    words: Array.from({ length: 16 }, () => some(words)),
  }));
  const queries = Array.from({ length: 10 }, () => {
    const text = some(texts);
    return Array.from({ length: 8 }, (_, i) => token(text.topic, some(i < 5 ? text.words : words)));
  });
  const rows = texts.map((text) => text.words.map((word) => token(text.topic, word)));
  return {
    name: "10,000 rows of 16 vectors x 64; 8 a query, 5 of them words of one row",
    dimension: 64,
    rows,
    queries,
  };
}

/** Vectors of which those of a row, or of a query, have nothing to do with one another. */
function unrelated(): Case {
  const centres = Array.from({ length: 40 }, () => vectorOf(16));
  const near = () => sum(some(centres), scaled(vectorOf(16), 0.3));
  const rows = Array.from({ length: 3_000 }, (_, i) => Array.from({ length: 1 + (i % 7) }, near));
  const queries = Array.from({ length: 20 }, () => Array.from({ length: 4 }, near));
  return { name: "3,000 rows of 1 to 7 unrelated vectors x 16; 4 a query", dimension: 16, rows, queries };
}

const unit = (vector: number[]) => scaled(vector, 1 / Math.hypot(...vector));
const dot = (a: number[], b: number[]) => a.reduce((s, one, i) => s + one * (b[i] ?? 0), 0);
/** The sum over the query's vectors of the distance to the row's nearest. */
const distanceOf = (query: number[][], row: number[][]) =>
  query.reduce((s, one) => s + 1 - Math.max(...row.map((other) => dot(one, other))), 0);

/** The ten nearest, by their places. */
function nearest(query: number[][], rows: number[][][]): Map<string, number> {
  const all = rows.map((row, i) => [`d${i}`, distanceOf(query, row)] as const);
  return new Map(all.sort(([, a], [, b]) => a - b).slice(0, 10));
}

function search(table: Table, query: number[][], refineFactor: number | undefined) {
  const [first = [], ...others] = query;
  let asked = table.query().nearestTo(first).column("vectors").distanceType("cosine").limit(10);
  for (const vector of others) asked = asked.addQueryVector(vector);
  asked = asked.nprobes(1_000);
  return (refineFactor ? asked.refineFactor(refineFactor) : asked).select(["doc_id", "_distance"]).toArray();
}

/** A row of the report. */
async function measured(
  table: Table,
  { queries }: Case,
  exact: Map<string, number>[],
  how: string,
  refineFactor?: number,
) {
  let [found, right, ms] = [0, 0, 0];
  for (const [i, query] of queries.entries()) {
    await search(table, query, refineFactor);
    const started = performance.now();
    const hits = await search(table, query, refineFactor);
    ms += performance.now() - started;
    for (const { doc_id, _distance } of hits) {
      const distance = exact[i]?.get(doc_id);
      if (distance === undefined) continue;
      found++;
      if (Math.abs(distance - _distance) < 1e-3) right++;
    }
  }
  const of = 10 * queries.length;
  return `| ${how} | ${(found / of).toFixed(2)} | ${Math.round((100 * right) / Math.max(found, 1))} % | ${(ms / queries.length).toFixed(0)} ms |`;
}

const folder = await mkdtemp(join(tmpdir(), "several-vectors-"));
const connection = await connect(folder);
const head = [
  "| | recall@10 | of these, with their own distance | a search |",
  "| --- | ---: | ---: | ---: |",
];
const report = ["# Several vectors a row", "", Object.values(machine()).join(", "), ""];
for (const [at, one] of [ofTexts(), unrelated()].entries()) {
  const vector = new FixedSizeList(one.dimension, new Field("item", new Float32(), true));
  const part = (from: number) =>
    new ArrowTable({
      doc_id: vectorFromArray(
        one.rows.slice(from, from + 1_000).map((_, i) => `d${from + i}`),
        new Utf8(),
      ),
      vectors: vectorFromArray(one.rows.slice(from, from + 1_000), new List(new Field("item", vector, true))),
    } as never);
  const table = await connection.createTable(`t${at}`, part(0));
  for (let from = 1_000; from < one.rows.length; from += 1_000) await table.add(part(from));
  const rows = one.rows.map((row) => row.map(unit));
  const exact = one.queries.map((query) => nearest(query.map(unit), rows));
  report.push(`## ${one.name}`, "", ...head, await measured(table, one, exact, "every row compared"));
  const of = { distanceType: "cosine", numPartitions: 8, maxIterations: 10, sampleRate: 64 } as const;
  await table.createIndex("vectors", { config: Index.ivfFlat(of), replace: true });
  report.push(await measured(table, one, exact, "`IVF_FLAT`"));
  for (const refine of [1, 5, 20, 100])
    report.push(await measured(table, one, exact, `\`refineFactor\` ${refine}`, refine));
  report.push("");
  table.close();
}
connection.close();
await rm(folder, { recursive: true, force: true });
await writeFile(new URL("results/several-vectors.md", import.meta.url), report.join("\n"));
console.log(report.join("\n"));
