import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { plotsOf } from "./plots.ts";
import type { BenchResult, Figures, Measured, ReportName, SectionName } from "./results.ts";
import { type Section, tableOf } from "./sections/section.ts";
import { sectionNames, sections } from "./sections/sections.ts";
import type { Target } from "./target.ts";
import { isMet, targets } from "./targets.ts";

const titles: Record<ReportName, string> = {
  local: "In a local folder",
  stack: "On MinIO",
  pylance: "Against pylance, in a local folder",
  "pylance-stack": "Against pylance, on MinIO",
  quality: "Quality: judged answers",
  text: "Text, and many queries at once",
  "s3-like":
    "On MinIO with S3's latency: a request waits 20 ms (p50) to 80 ms (p99), a connection carries 90 MB/s",
};

/** The report that is there, whose other sections stay; without one, or with one of another shape, an empty one. */
export function resultSoFar(out: string, report: ReportName): BenchResult {
  const path = join(out, `${report}.json`);
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Partial<BenchResult>) : {};
  return { report, sections: before.sections ?? {} };
}

/** Markdown, JSON and plots of what has been measured so far. */
export async function writeReport(out: string, result: BenchResult): Promise<void> {
  await mkdir(out, { recursive: true });
  const plots = await plotsOf(result);
  for (const { file, svg } of plots) await writeFile(join(out, file), `${svg}\n`);
  const text = markdownReport(result, plots);
  await writeFile(join(out, `${result.report}.md`), text);
  await writeFile(join(out, `${result.report}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** The verdicts, then a table a section, each with the plot of it. */
export function markdownReport(
  result: BenchResult,
  plots: { section: SectionName; file: string; title: string }[] = [],
): string {
  const parts = sectionNames.flatMap((name) => {
    const plot = plots.find(({ section }) => section === name);
    const shown = plot ? [`![${plot.title}](${plot.file})`] : [];
    return [...sectionMarkdown(name, result), ...shown];
  });
  const head = [`# ${titles[result.report]}`, "Cosine, k 10. Queries are not rows."];
  return `${[...head, ...verdicts(result), ...parts].join("\n\n")}\n`;
}

function sectionMarkdown<K extends SectionName>(name: K, { sections: all }: BenchResult): string[] {
  const section = sections[name] as Section<K>;
  const measured = all[name] as Measured<Figures[K]> | undefined;
  if (!measured) return [];
  const { rows, dimension, machine } = measured.on;
  const set = ["growth", "quality"].includes(name) ? [] : [`${rows} × ${dimension}`];
  return [
    `## ${section.title}`,
    `${[...set, ...Object.values(machine)].join(", ")}.`,
    section.markdown(measured.figures),
  ];
}

function verdicts({ report, sections: all }: BenchResult): string[] {
  const rows = targets
    .filter((target) => target.report === report)
    .flatMap((target) => {
      const value = target.measured(all);
      return value === undefined || Number.isNaN(value) ? [] : [verdict(target, value)];
    });
  return rows.length === 0 ? [] : [tableOf(["", "target", "measured", "met"], rows)];
}

function verdict(target: Target, value: number): string[] {
  const { bound, shown, name } = target;
  const limit = "most" in bound ? `≤ ${shown(bound.most)}` : `≥ ${shown(bound.least)}`;
  return [name, limit, shown(value), isMet(target, value) ? "yes" : "**no**"];
}
