import { limits } from "../../../config/limits.ts";
import type { Operator, SearchWork } from "../../../domain/search/explanation.ts";

/** LanceDB's names of what is counted of an operator. */
const counted = {
  output_rows: "rows",
  index_comparisons: "comparisons",
  partitions_searched: "partitions",
  rows_scanned: "rowsRead",
  requests: "requests",
  bytes_read: "bytesRead",
} as const;

const unitsOfMs: Record<string, number> = { s: 1_000, ms: 1, µs: 1e-3, ns: 1e-6 };
const thousands: Record<string, number> = { K: 1e3, M: 1e6, B: 1e9, T: 1e12 };

/** What LanceDB's analysed plan wraps around what is asked for. */
const wrappers = new Set(["AnalyzeExec", "TracedExec"]);

/**
 * The operators of an analysed plan, by names and counts alone: what else its lines hold are filters, vectors and paths.
 * @param text as `analyzePlan` gives it; more operators than have room are left out
 */
export function operatorsOf(text: string): Operator[] {
  const operators: Operator[] = [];
  let outermost: number | undefined;
  for (const line of text.split("\n")) {
    const [, indent = "", name = ""] = /^( *)([A-Za-z]+)/.exec(line) ?? [];
    const metrics = line.lastIndexOf("metrics=[");
    if (!name || metrics < 0 || wrappers.has(name)) continue;
    outermost ??= indent.length;
    const depth = Math.max(0, (indent.length - outermost) / 2);
    operators.push({
      depth,
      name: name.slice(0, limits.maxOperatorName),
      ...msOf(line),
      ...countsIn(line, metrics),
    });
    if (operators.length === limits.maxOperators) break;
  }
  return operators;
}

function msOf(line: string): { ms?: number } {
  const [, digits, unit = ""] = /elapsed=([\d.]+)(ns|µs|ms|s)\b/.exec(line) ?? [];
  return digits === undefined ? {} : { ms: Number((Number(digits) * (unitsOfMs[unit] ?? 1)).toFixed(3)) };
}

function countsIn(line: string, from: number): Partial<Operator> {
  const metrics = line.slice(from + "metrics=[".length, line.lastIndexOf("]"));
  const counts: Partial<Operator> = {};
  for (const one of metrics.split(", ")) {
    const [name = "", value = ""] = one.split("=");
    const as = Object.hasOwn(counted, name) ? counted[name as keyof typeof counted] : undefined;
    const count = as && countOf(value);
    if (as && count !== undefined) counts[as] = count;
  }
  return counts;
}

/** `946`, or `23.18 K`. */
function countOf(value: string): number | undefined {
  const [, digits, thousand] = /^(\d[\d.]*)(?: ([KMBT]))?$/.exec(value) ?? [];
  return digits === undefined ? undefined : Math.round(Number(digits) * (thousands[thousand ?? ""] ?? 1));
}

/** What was done, of all operators together. @param searches as many as had these */
export function workOf(operators: Operator[], searches: number): SearchWork {
  const sumOf = (field: "partitions" | "comparisons" | "rows" | "rowsRead", some: Operator[]) =>
    some.reduce((sum, one) => sum + (one[field] ?? 0), 0);
  const called = (...names: string[]) => operators.filter(({ name }) => names.includes(name));
  const inIndex = called("ANNSubIndex");
  const byIndex = [...inIndex, ...called("MatchQuery", "FlatMatchQuery", "PhraseQuery")];
  const byVectors = operators.filter(
    (one, i) => one.name === "KNNVectorDistance" && !joinsOthers(operators, i),
  );
  return {
    searches,
    ...(inIndex.length > 0 ? { partitions: sumOf("partitions", inIndex) } : {}),
    ...(byIndex.length > 0 ? { comparedByIndex: sumOf("comparisons", byIndex) } : {}),
    ...(byVectors.length > 0 ? { comparedByVectors: sumOf("rows", byVectors) } : {}),
    rowsRead: sumOf("rowsRead", operators) + sumOf("rows", called("LanceScan")),
    operators,
  };
}

/** Whether its rows were compared before: what each of two parts has found is compared once more to join them. */
function joinsOthers(operators: Operator[], i: number): boolean {
  const { depth } = operators[i] as Operator;
  for (const one of operators.slice(i + 1)) {
    if (one.depth <= depth) return false;
    if (one.name === "KNNVectorDistance") return true;
  }
  return false;
}
