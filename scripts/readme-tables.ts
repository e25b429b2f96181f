import { existsSync, readFileSync } from "node:fs";
import { errorTable } from "../lib/domain/errors.ts";

const benchmark = "bench/results/local.md";

/** The README with the tables that other files own: the errors and the last benchmark. */
export function readmeWithTables(readme: string): string {
  const filled = between(readme, "errors", errorRows());
  return existsSync(benchmark) ? between(filled, "bench", readFileSync(benchmark, "utf8").trim()) : filled;
}

function errorRows(): string {
  const rows = Object.values(errorTable).map(
    ({ code, status, retryable, title }) =>
      `| \`${code}\` | ${status} | ${retryable ? "yes" : "no"} | ${title} |`,
  );
  return ["| code | status | try again | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function between(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest] = text.split(start);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`README.md has no ${start} ... ${end}`);
  return `${before}${start}\n${content}\n${end}${after}`;
}
