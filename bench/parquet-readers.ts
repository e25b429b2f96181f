import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { benchSet, setsFolder } from "./bench-set.ts";
import { runChild } from "./child.ts";

/**
 * Compares readers of Parquet on the bench's file, each in a process of its own: time and peak memory to have every
 * row's values, and what the packages weigh. Those the project does not have are taken from the folder `--modules`.
 */
const readers = {
  "parquet-wasm": ["parquet-wasm"],
  hyparquet: ["hyparquet", "hyparquet-compressors", "hysnappy", "fzstd"],
  duckdb: ["@duckdb"],
} as const;

const { values } = parseArgs({
  options: {
    modules: { type: "string" },
    rows: { type: "string", default: "100000" },
    rounds: { type: "string", default: "3" },
  },
});
if (!values.modules) throw new Error("--modules names a folder whose node_modules has hyparquet and DuckDB");
const installed = resolve(values.modules, "node_modules");
const file = join(setsFolder, await benchSet(Number(values.rows), "fixed_size_list"));

console.log("| reader | best time | peak RSS | packages |\n| --- | ---: | ---: | ---: |");
for (const [reader, packages] of Object.entries(readers)) {
  const runs: { rows: number; ms: number; peakRssBytes: number }[] = [];
  for (let round = 0; round < Number(values.rounds); round++)
    runs.push(await runChild("parquet-reader-child.ts", { reader, file, modules: installed }, {}));
  const seconds = Math.min(...runs.map(({ ms }) => ms)) / 1_000;
  const peak = Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes));
  console.log(
    `| ${reader} | ${seconds.toFixed(1)} s | ${mebibytes(peak)} | ${mebibytes(await weightOf(packages))} |`,
  );
}

async function weightOf(packages: readonly string[]): Promise<number> {
  const homes = packages.map((name) =>
    name === "parquet-wasm" ? join("node_modules", name, "node") : join(installed, name),
  );
  const weights = await Promise.all(homes.map(bytesUnder));
  return weights.reduce((sum, bytes) => sum + bytes, 0);
}

async function bytesUnder(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
