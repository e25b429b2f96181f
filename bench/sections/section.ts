import type { BenchRun } from "../bench-run.ts";
import type { Figures, SectionName } from "../results.ts";

/** One part of the benchmark, which can be repeated without the others. */
export interface Section<K extends SectionName> {
  title: string;
  /** @param keep writes what is there so far: what comes after must not lose it */
  measure(run: BenchRun, keep: (figures: Figures[K]) => Promise<void>): Promise<Figures[K]>;
  markdown(figures: Figures[K]): string;
}

/** A Markdown table; the first column is text, the others are figures. */
export function tableOf(header: string[], rows: string[][]): string {
  const rule = header.map((_, i) => (i === 0 ? "---" : "---:"));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export const ms = (value: number) => `${value.toFixed(1)} ms`;
export const seconds = (value: number) => `${(value / 1_000).toFixed(value < 10_000 ? 2 : 1)} s`;
export const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
export const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
export const times = (ratio: number) => `${ratio.toFixed(2)} ×`;
export const share = (recall: number) => recall.toFixed(3);
export const listed = (values: object) =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
