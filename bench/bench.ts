import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type IndexType, indexParameters, indexType } from "../lib/domain/index-entry.ts";
import { emptyLakehouse } from "./bench-lakehouse.ts";
import { benchSet, cache, freshQueries, layouts } from "./bench-set.ts";
import { runChild } from "./child.ts";
import { machine } from "./machine.ts";
import { markdownReport } from "./report.ts";
import type { BenchResult, Cold, Migrated, TypeResult, Warm } from "./results.ts";
import { dimension } from "./word-variants.ts";

const options = readOptions();
const file = await step("data set", () => benchSet(options.rows, options.layout));
const environment = await emptyLakehouse();
const result: BenchResult = {
  machine: machine(),
  set: { rows: options.rows, dimension, layout: options.layout, queries: options.queries },
  types: [],
};
for (const type of options.types) {
  result.types.push(await benchType(type));
  await writeReport(); // what a later type's failure must not lose
}
console.log(`\n${markdownReport(result)}`);

function readOptions() {
  const { values } = parseArgs({
    options: {
      rows: { type: "string", default: "100000" },
      queries: { type: "string", default: "1000" },
      layout: { type: "string", default: "fixed_size_list" },
      types: { type: "string", default: indexType.options.join(",") },
      parameters: { type: "string", default: "{}" },
      out: { type: "string", default: join("bench", "results", "local") },
    },
  });
  const layout = layouts.find((one) => one === values.layout);
  if (!layout) throw new Error(`--layout is one of ${layouts.join(", ")}`);
  return {
    rows: Number(values.rows),
    queries: Number(values.queries),
    layout,
    types: values.types.split(",").map((type) => indexType.parse(type)),
    parameters: indexParameters.parse(JSON.parse(values.parameters)),
    out: values.out,
  };
}

async function benchType(type: IndexType): Promise<TypeResult> {
  const index = type.toLowerCase().replace("_", "-");
  const run = <T>(script: string, input: object) => runChild<T>(script, { index, ...input }, environment);
  const migration = { source: `sets/${file}`, indexType: type, indexParameters: options.parameters };
  const migrated = await step(`${type}: migrate`, () => run<Migrated>("migrate-child.ts", migration));
  const exactFile = await step(`${type}: exact neighbours`, () => exactNeighbours(run));
  const vectors = (await freshQueries(2)).map((vector) => [...vector]);
  const cold = await step(`${type}: cold search`, () => run<Cold>("cold-child.ts", { vectors }));
  const { rows } = options;
  const warm = await step(`${type}: warm searches`, () => run<Warm>("warm-child.ts", { rows, exactFile }));
  return { type, migrated, cold, warm };
}

/** Found once a set: the rows are the same under every index. @returns the file that holds them */
async function exactNeighbours(run: <T>(script: string, input: object) => Promise<T>): Promise<string> {
  const { rows, queries } = options;
  const path = join(cache, `exact-${rows}x${dimension}-${queries}.json`);
  if (existsSync(path)) return path;
  await writeFile(path, JSON.stringify(await run<string[][]>("exact-child.ts", { queries })));
  return path;
}

async function writeReport(): Promise<void> {
  await mkdir(join(options.out, ".."), { recursive: true });
  await writeFile(`${options.out}.md`, `# Measured\n\n${markdownReport(result)}`);
  await writeFile(`${options.out}.json`, `${JSON.stringify(result, null, 2)}\n`);
}

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  console.log(`${name}: ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  return result;
}
