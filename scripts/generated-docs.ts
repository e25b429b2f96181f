import { existsSync, readFileSync } from "node:fs";
import { priceRows } from "../bench/cost/list-prices.ts";
import { caseRows, measuredRows } from "../bench/cost/worked-cases.ts";
import type { BenchResult, ReportName } from "../bench/results.ts";
import type { Target } from "../bench/target.ts";
import { targets } from "../bench/targets.ts";
import { errorTable } from "../lib/domain/error-table.ts";
import { fallbackWords } from "../lib/domain/fallback-words.ts";
import { type FastPath, fastPaths } from "../lib/domain/fallbacks.ts";
import { storeRows } from "./store/store-table.ts";

const results = "bench/results";
const reports: Record<ReportName, string> = {
  local: "in a local folder",
  stack: "on MinIO",
  pylance: "in a local folder, beside pylance",
  "s3-like": "on MinIO with the latency of S3",
  "pylance-stack": "on MinIO, beside pylance",
  quality: "in a local folder, judged",
  text: "by text and by both, and many queries",
};

/** What the README shows of all that is measured. */
const headlines = [
  "100,000 rows: first search of a container",
  "1,000,000 rows: first search of a container",
  "100,000 rows: search after a pause, replica there, of one request's time then",
  "a million searches of 100,000 rows, one after the other",
  "a million searches of 100,000 rows, each after a pause",
  "auto: recall@10 on fresh queries",
  "auto: warm search p50",
  "warm search p50, of the local folder's",
  "cold start, of bare LanceDB's",
  "load of fixed_size_list, of pylance's time",
];

/** Documents that are made, wholly or between two marks, of what other files own: by name, as they should be. */
export function generatedDocs(): Record<string, string> {
  return {
    "README.md": between("README.md", "headlines", headlineRows()),
    "docs/reference.md": between(
      "docs/reference.md",
      "fast-paths",
      fastPathRows(),
      between("docs/reference.md", "errors", errorRows()),
    ),
    "docs/benchmarks.md": between("docs/benchmarks.md", "bench", benchTables()),
    "docs/object-storage.md": between("docs/object-storage.md", "stores", storeRows()),
    "docs/cost.md": between(
      "docs/cost.md",
      "prices",
      priceRows(),
      between("docs/cost.md", "cases", `${caseRows()}\n\n${measuredRows()}`),
    ),
    "docs/deployment.md": between("docs/deployment.md", "log-lines", reportOf("log-lines")),
    "docs/documents.md": between(
      "docs/documents.md",
      "mixed",
      reportOf("mixed-load"),
      between("docs/documents.md", "writes", reportOf("document-writes")),
    ),
  };
}

function headlineRows(): string {
  const shown = headlines.flatMap((name) => targets.filter((target) => target.name === name).slice(-1));
  const rows = shown.map((target) => `| ${target.name} | ${reports[target.report]} | ${measured(target)} |`);
  return ["|  |  | measured |", "| --- | --- | ---: |", ...rows].join("\n");
}

function measured({ report, measured, shown }: Target): string {
  const file = `${results}/${report}.json`;
  if (!existsSync(file)) return "";
  const { sections } = JSON.parse(readFileSync(file, "utf8")) as BenchResult;
  const value = measured(sections);
  return value === undefined ? "" : shown(value);
}

/** Each report under a heading, with its plots where they lie. */
function benchTables(): string {
  const files = Object.keys(reports).map((report) => `${results}/${report}.md`);
  return files
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "utf8").trim().replaceAll(/^#/gm, "##"))
    .join("\n\n")
    .replaceAll(/\]\(([\w-]+\.svg)\)/g, `](../${results}/$1)`);
}

/** Without its heading. */
const reportOf = (name: string) =>
  readFileSync(`${results}/${name}.md`, "utf8").trim().split("\n").slice(2).join("\n");

function errorRows(): string {
  const rows = Object.values(errorTable).map(
    ({ code, status, retryable, title }) =>
      `| \`${code}\` | ${status} | ${retryable ? "yes" : "no"} | ${title} |`,
  );
  return ["| code | status | try again | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function fastPathRows(): string {
  const rows = Object.entries(fallbackWords).map(([name, { does, instead }]) => {
    const reasons = fastPaths[name as FastPath].map((reason) => `\`${reason}\``);
    return `| \`${name}\` | ${does} | ${reasons.join(", ")} | ${instead} |`;
  });
  return ["| faster way | what it does | why not | instead |", "|---|---|---|---|", ...rows].join("\n");
}

function between(file: string, name: string, content: string, text = readFileSync(file, "utf8")): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest] = text.split(start);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${file} has no ${start} ... ${end}`);
  return `${before}${start}\n${content}\n${end}${after}`;
}
