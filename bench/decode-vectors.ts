import { parseArgs } from "node:util";
import { benchSet, layouts } from "./bench-set.ts";
import { runChild } from "./child.ts";

/**
 * Compares how fast versions of this project decode the bench's files, each run in a process of its own, one version
 * after the other: `node bench/decode-vectors.ts ../as-it-was .`. Nothing is written.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: "string", default: "100000" },
    units: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
  },
});
const projects = positionals.length > 0 ? positionals : ["."];

interface Run {
  rows: number;
  ms: number;
  cpuMs: number;
  peakRssBytes: number;
}

console.log(
  "| layout | version | rows | best time | least CPU time | peak RSS |\n| --- | --- | ---: | ---: | ---: | ---: |",
);
for (const layout of layouts) {
  const file = await benchSet(Number(values.rows), layout);
  const runs = new Map<string, Run[]>(projects.map((project) => [project, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [project, of] of runs)
      of.push(await runChild("decode-child.ts", { project, file, units: Number(values.units) }, {}));
  for (const [project, of] of runs) console.log(row(layout, project, of));
}

function row(layout: string, project: string, runs: Run[]): string {
  const best = Math.round(Math.min(...runs.map(({ ms }) => ms)));
  const cpu = Math.round(Math.min(...runs.map(({ cpuMs }) => cpuMs)));
  const peak = Math.round(Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes)) / 2 ** 20);
  return `| ${layout} | ${project} | ${runs[0]?.rows} | ${best} ms | ${cpu} ms | ${peak} MiB |`;
}
