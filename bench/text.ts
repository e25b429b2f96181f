import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { writeParquetFile } from "../test/support/parquet-files.ts";
import { seededRandom } from "../test/support/seeded-random.ts";
import { cache, freshQueries, setsFolder } from "./bench-set.ts";
import { withStore } from "./bench-store.ts";
import { runChild } from "./child.ts";
import { machine } from "./machine.ts";
import { medianOf, timesOf } from "./percentiles.ts";
import { resultSoFar, writeReport } from "./report.ts";
import type { Migrated, SearchedWays } from "./results.ts";
import { S3Like } from "./s3-like.ts";
import { lakehouseOnStore } from "./sections/cold.ts";
import type { TextQueries, TextTimes } from "./text-child.ts";
import { readWords, VariantMaker, type Word } from "./word-variants.ts";

/**
 * `node bench/text.ts [ROWS]`: what searches by text, by vector and by both take, on a store and on one with S3's latency, the first of
 * a container and those after.
 */
const [rows = 100_000] = process.argv.slice(2).map(Number);
const [dimension, wordsOfText, wordsOfQuery, rowsOfFile] = [384, 30, 3, 10_000];
const [queries, colds] = [200, 5];
const random = seededRandom(5);
const words = await readWords();
const ways = ["vector", "text", "hybrid"] as const;
type Way = (typeof ways)[number];

/** The r-th word of a language occurs about 1/r times as often as its first. */
const wordByZipf = () => words[Math.floor(words.length ** random()) - 1] as Word;
const someWords = (count: number) => Array.from({ length: count }, () => wordByZipf().text).join(" ");

const source = `texts-${rows}x${dimension}`;
await writeSet();
const folder = await mkdtemp(join(resolve(cache), "text-"));
const file = join(folder, "requests.json");
await writeFile(file, JSON.stringify(await requests()));
try {
  await withStore(async (store) => {
    const environment = await lakehouseOnStore({ store });
    await runChild<Migrated>("migrate-child.ts", migration("near"), environment);
    const toml = { ...environment, TMPDIR: folder };
    const near = await measured("near", toml);
    const far = await S3Like.before(store.endpoint);
    try {
      await report(near, await measured("near", { ...toml, AWS_ENDPOINT: far.endpoint }));
    } finally {
      await far.stop();
    }
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}

function migration(index: string) {
  return { index, source: `sets/${source}`, fullText: [{ column: "text", language: "en" }] };
}

async function writeSet(): Promise<void> {
  const maker = new VariantMaker(dimension);
  for (let from = 0; from < rows; from += rowsOfFile) {
    const part = Array.from({ length: Math.min(rowsOfFile, rows - from) }, (_, i) => ({
      ...{ doc_id: `t${from + i}`, text: someWords(wordsOfText) },
      vector: [...maker.make(words[(from + i) % words.length] as Word, from + i)],
    }));
    await writeParquetFile(join(setsFolder, source, `part-${from}.parquet`), part, {
      rowGroupRows: rowsOfFile,
    });
    console.log(`${from + part.length} rows written`);
  }
}

async function requests(): Promise<Record<Way, object[]>> {
  const vectors = await freshQueries(queries, dimension);
  const texts = vectors.map(() => someWords(wordsOfQuery));
  const common = { k: 10, select: ["text"] };
  return {
    vector: vectors.map((vector) => ({ vector: [...vector], ...common })),
    text: texts.map((text) => ({ text, ...common })),
    hybrid: vectors.map((vector, i) => ({ vector: [...vector], text: texts[i], ...common })),
  };
}

async function measured(index: string, environment: Record<string, string>): Promise<SearchedWays> {
  const ask = async (input: Partial<TextQueries>) => {
    const TMPDIR = await mkdtemp(join(folder, "container-"));
    return runChild<TextTimes>("text-child.ts", { index, file, ...input }, { ...environment, TMPDIR });
  };
  const firsts: Record<Way, number[]> = { vector: [], text: [], hybrid: [] };
  for (let i = 0; i < colds; i++) for (const way of ways) firsts[way].push((await ask({ first: way })).first);
  const { warm } = await ask({});
  const of = (way: Way) => ({ cold: medianOf(firsts[way]), ...timesOf(warm[way] ?? []) });
  return { vector: of("vector"), text: of("text"), hybrid: of("hybrid") };
}

async function report(near: SearchedWays, far: SearchedWays): Promise<void> {
  const out = join("bench", "results");
  const { report: name, sections } = resultSoFar(out, "text");
  const on = { rows, dimension, queries, machine: machine() };
  const text = { on, figures: { near, far, load: loadavg()[0] ?? 0 } };
  await writeReport(out, { report: name, sections: { ...sections, text } });
  console.log(JSON.stringify(text.figures, null, 2));
}
