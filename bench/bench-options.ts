import { join } from "node:path";
import { parseArgs } from "node:util";
import { type AskedIndexType, askedIndexType } from "../lib/domain/index/index-entry.ts";
import { type Layout, layouts } from "./bench-set.ts";
import type { ReportName, SectionName } from "./results.ts";

/** What each report holds; `--sections` takes some of them. */
const sectionsOf: Record<ReportName, SectionName[]> = {
  local: ["types", "peers", "filter", "verify", "builds", "growth", "migrate", "documents"],
  stack: ["migrate", "store", "cold", "documents"],
  pylance: ["migrate", "builds", "search"],
  "pylance-stack": ["migrate", "builds", "search"],
  "s3-like": ["sparse"],
  quality: ["quality"], // by bench/quality.ts
  text: ["text", "queries"], // by bench/text.ts and bench/many-queries.ts
};

export interface BenchOptions {
  report: ReportName;
  sections: SectionName[];
  rows: number;
  dimension: number;
  queries: number;
  /** Of a point of a curve, of a filter's and of a build's recall. */
  curveQueries: number;
  /** Of what is compared side by side. */
  rounds: number;
  roundQueries: number;
  builds: number;
  growth: number[];
  growthDimension: number;
  /** Rows of the tables that sparse traffic is measured on. */
  sweep: number[];
  /** Processes that write documents at the same time. */
  writers: number[];
  layout: Layout;
  types: AskedIndexType[];
  /** A folder. */
  out: string;
}

/** Whether what is measured lies on an object store. */
export const isOnStore = ({ report }: BenchOptions) => ["stack", "pylance-stack", "s3-like"].includes(report);

/** Whether pylance does the same beside it. */
export const isPeered = ({ report }: BenchOptions) => report === "pylance" || report === "pylance-stack";

/** The command line. @throws naming what is wrong with it */
export function readOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      stack: { type: "boolean", default: false },
      vs: { type: "string" },
      "s3-like": { type: "boolean", default: false },
      sweep: { type: "string", default: "10000,30000,100000,300000,1000000" },
      writers: { type: "string", default: "1,8" },
      sections: { type: "string" },
      rows: { type: "string", default: "100000" },
      dimension: { type: "string", default: "768" },
      queries: { type: "string", default: "1000" },
      "curve-queries": { type: "string", default: "200" },
      rounds: { type: "string", default: "5" },
      "round-queries": { type: "string", default: "600" },
      builds: { type: "string", default: "5" },
      growth: { type: "string", default: "10000,100000,1000000" },
      "growth-dimension": { type: "string", default: "128" },
      layout: { type: "string", default: "fixed_size_list" },
      types: { type: "string", default: askedIndexType.options.join(",") },
      out: { type: "string", default: join("bench", "results") },
    },
  });
  const report = values["s3-like"] ? "s3-like" : reportOf(values.stack, values.vs);
  return {
    report,
    sections: listOf("sections", sectionsOf[report], values.sections ?? sectionsOf[report].join(",")),
    rows: countOf("rows", values.rows),
    dimension: countOf("dimension", values.dimension),
    queries: countOf("queries", values.queries),
    curveQueries: countOf("curve-queries", values["curve-queries"]),
    rounds: countOf("rounds", values.rounds),
    roundQueries: countOf("round-queries", values["round-queries"]),
    builds: countOf("builds", values.builds),
    growth: values.growth.split(",").map((rows) => countOf("growth", rows)),
    sweep: values.sweep.split(",").map((rows) => countOf("sweep", rows)),
    writers: values.writers.split(",").map((count) => countOf("writers", count)),
    growthDimension: countOf("growth-dimension", values["growth-dimension"]),
    layout: listOf("layout", layouts, values.layout)[0] as Layout,
    types: listOf("types", askedIndexType.options, values.types),
    out: values.out,
  };
}

function reportOf(stack: boolean, peer: string | undefined): ReportName {
  if (peer !== undefined && peer !== "pylance") throw new Error("--vs takes pylance");
  if (peer) return stack ? "pylance-stack" : "pylance";
  return stack ? "stack" : "local";
}

function countOf(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`--${name}: ${text} is no positive number`);
  return count;
}

function listOf<T extends string>(name: string, allowed: readonly T[], text: string): T[] {
  return text.split(",").map((asked) => {
    const found = allowed.find((one) => one === asked);
    if (!found) throw new Error(`--${name} takes ${allowed.join(", ")}`);
    return found;
  });
}
