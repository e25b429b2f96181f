import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { createLakehouse, runJob } from "../test/support/lakehouse.ts";
import { writeParquetFile } from "../test/support/parquet-files.ts";
import { seededRandom } from "../test/support/seeded-random.ts";
import { machine } from "./machine.ts";
import { timed, timesOf } from "./percentiles.ts";
import { searchEvent } from "./search-event.ts";
import { seededNormal } from "./seeded-random.ts";

/**
 * What hits in groups, explanations and highlights take beside searches without: warm, through the exported handler, in a local
 * folder; 20,000 x 64 by IVF_PQ, and 200 texts of 2,000 characters. Writes `bench/results/grouped-searches.md`.
 */
const [rows, dimension, clusters, texts, length, turns] = [20_000, 64, 500, 200, 2_000, 40];
const normal = seededNormal(20);
const uniform = seededRandom(20);
const vectorOf = (scale: number) => Array.from({ length: dimension }, () => scale * normal());
const centres = Array.from({ length: clusters }, () => vectorOf(1));
const near = (i: number) => vectorOf(0.3).map((one, at) => one + (centres[i % clusters]?.[at] ?? 0));

const english =
  "the fox runs over hills and a river while old houses stand in quiet streets where people walk home";
const chinese = ["学校", "今天", "天气", "很好", "我们", "去", "北京", "，", "看", "朋友", "。"];
function textOf(words: string[], between: string): string {
  let text = "";
  while (text.length < length) text += `${words[Math.floor(uniform() * words.length)]}${between}`;
  return text;
}

const lakehouse = await createLakehouse();
try {
  const report = await measured();
  await writeFile(new URL("results/grouped-searches.md", import.meta.url), report);
  console.log(report);
} finally {
  await lakehouse.remove();
}

async function measured(): Promise<string> {
  await migrate("groups", groupedRows(), { indexType: "IVF_PQ" });
  const fullText = [
    { column: "en", language: "en" },
    { column: "zh", language: "zh" },
    { column: "pieces", tokenizer: "ngram" },
  ];
  await migrate("texts", textRows(), { fullText });
  Object.assign(process.env, lakehouse.environment);
  const { handledSearch } = await import("./handled-search.ts");
  const took = async (how: string, index: string, body: () => object) => {
    const times: number[] = [];
    let searches = 1;
    for (let turn = 0; turn < turns; turn++) {
      const event = searchEvent(index, body());
      const { result, ms } = await timed(() => handledSearch(event));
      if (turn > 2) times.push(ms);
      searches = JSON.parse(result).performance.searches ?? 1;
    }
    return `| ${how} | ${searches} | ${timesOf(times).p50.toFixed(1)} ms |`;
  };
  const groups = (column: string, limit: number, size: number) => () => ({
    vector: near(Math.floor(uniform() * clusters)),
    groupBy: { column, limit, size },
  });
  const nearest = (more: object) => () => ({ vector: near(Math.floor(uniform() * clusters)), ...more });
  const marked = (column: string, query: string, highlight: boolean) => () => ({
    text: { op: "match", query, columns: [column] },
    ...{ k: 100, select: [column] },
    ...(highlight ? { highlight } : {}),
  });
  const head = (what: string) => [`| ${what} | searches | p50 |`, "| --- | ---: | ---: |"];
  const lines = [
    ...["# Hits in groups, explanations and highlights", "", Object.values(machine()).join(", ")],
    `Processes that waited for the cores when it began: ${loadavg()[0]?.toFixed(1)}.`,
    ...["", ...head(`${rows} × ${dimension}, IVF_PQ`)],
    await took("10 hits", "groups", nearest({ k: 10 })),
    await took("60 hits", "groups", nearest({ k: 60 })),
    await took("10 groups of 3, of 1,000 values that are equally frequent", "groups", groups("even", 10, 3)),
    await took("10 groups of 3, where 99 of 100 rows have one value", "groups", groups("skewed", 10, 3)),
    await took("10 groups of 3, of values that are a cluster each", "groups", groups("cluster", 10, 3)),
    await took("100 groups of 10, of values that are a cluster each", "groups", groups("cluster", 100, 10)),
    await took("10 hits, explained", "groups", nearest({ k: 10, explain: true })),
    ...["", ...head("100 hits of 2,000 characters")],
  ];
  for (const [how, column, query] of [
    ["English", "en", "fox streets"],
    ["Chinese", "zh", "学校 天气"],
    ["English in pieces", "pieces", "fox"],
  ] as const)
    lines.push(
      await took(how, "texts", marked(column, query, false)),
      await took(`${how}, with highlights`, "texts", marked(column, query, true)),
    );
  return `${lines.join("\n")}\n`;
}

function groupedRows() {
  return Array.from({ length: rows }, (_, i) => ({
    ...{ doc_id: `d${i}`, vector: near(i), even: `e${Math.floor(uniform() * 1_000)}` },
    ...{ skewed: uniform() < 0.99 ? "most" : `s${i % 50}`, cluster: `c${i % clusters}` },
  }));
}

function textRows() {
  return Array.from({ length: texts }, (_, i) => {
    const en = textOf(english.split(" "), " ");
    return { doc_id: `t${i}`, vector: vectorOf(1), en, zh: textOf(chinese, ""), pieces: en };
  });
}

async function migrate(index: string, all: Parameters<typeof writeParquetFile>[1], more: object) {
  await writeParquetFile(join(lakehouse.source, index, "part.parquet"), all);
  const container = lakehouse.open();
  const job = await runJob(
    container,
    { type: "migrate", index, source: `source/${index}`, ...more },
    300_000,
  );
  if (job.state !== "succeeded") throw new Error(JSON.stringify(job.error));
  await container.close();
}
