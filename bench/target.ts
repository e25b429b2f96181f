import type { BenchResult, ReportName } from "./results.ts";

export type Sections = BenchResult["sections"];

/** What the project promises of itself. */
export interface Target {
  name: string;
  report: ReportName;
  bound: { most: number } | { least: number };
  shown: (value: number) => string;
  /** Undefined when the report does not have it. */
  measured: (sections: Sections) => number | undefined;
}
