import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BenchResult } from "../../bench/results.ts";

const run = promisify(execFile);
const tiny = {
  rows: 2_000,
  dimension: 64,
  queries: 20,
  "curve-queries": 20,
  "round-queries": 40,
  types: "IVF_PQ,auto",
  writers: "1,2",
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bench-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function bench(sections: string): Promise<{ markdown: string; result: BenchResult }> {
  const options = Object.entries(tiny).map(([name, value]) => `--${name}=${value}`);
  const args = ["bench/bench.ts", `--out=${folder}/out`, `--sections=${sections}`, ...options];
  const env = { ...process.env, BENCH_CACHE: join(folder, "cache") };
  await run(process.execPath, args, { env, timeout: 110_000 });
  const read = (name: string) => readFile(join(folder, "out", name), "utf8");
  return { markdown: await read("local.md"), result: JSON.parse(await read("local.json")) };
}

test("the benchmark reports what was asked for, and a section can be repeated without the others", async () => {
  const first = await bench("types,peers");
  expect(first.result.sections.types?.figures.map(({ type }) => type)).toEqual(["IVF_PQ", "auto"]);
  for (const row of [
    "**recall@10 on fresh queries**",
    "**search p50**",
    "phase build",
    "16 searches at a time",
  ])
    expect(first.markdown).toContain(row);
  expect(first.markdown).toMatch(/^\| auto: bytes on disk \| ≤ 400 MiB \| \d+ MiB \| yes \|$/m);
  expect(await readFile(join(folder, "out/recall-latency.svg"), "utf8")).toContain("<svg");

  const second = await bench("filter,documents");
  expect(second.result.sections.types).toEqual(first.result.sections.types);
  expect(second.result.sections.filter?.figures.indexed.recall).toBeGreaterThan(0.5);
  expect(second.markdown).toContain("| with a scalar index, as by default |");
  expect(second.markdown).toContain("| found by it | 20 of 20 |");
}, 240_000);
