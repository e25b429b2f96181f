import { existsSync, readFileSync } from "node:fs";
import { errorTable } from "../lib/domain/errors.ts";

const results = "bench/results";
const reports = ["local", "stack", "pylance", "pylance-stack"].map((name) => `${results}/${name}.md`);

/** The README with the tables that other files own: the errors and the last benchmarks. */
export function readmeWithTables(readme: string): string {
  const filled = between(readme, "errors", errorRows());
  const measured = reports.filter((report) => existsSync(report));
  return measured.length > 0 ? between(filled, "bench", measured.map(shown).join("\n\n")) : filled;
}

/** Under a heading of the README, with its plots where they lie. */
function shown(report: string): string {
  const text = readFileSync(report, "utf8").trim();
  return text.replaceAll(/^#/gm, "###").replaceAll(/\]\(([\w-]+\.svg)\)/g, `](${results}/$1)`);
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
