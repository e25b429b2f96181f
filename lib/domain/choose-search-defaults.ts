import { limits } from "../config/limits.ts";
import type { SearchDefaults } from "./index-entry.ts";
import type { IndexPlan } from "./plan-index.ts";

/** What a setting gave on the sampled queries. */
export interface Measurement {
  settings: SearchDefaults;
  /** Mean recall@k, 0 to 1. */
  recall: number;
  /** One standard error of that mean. */
  error: number;
  /** Median time of a query. */
  ms: number;
}

export type Measure = (settings: SearchDefaults) => Promise<Measurement>;

const refineLadder = [undefined, 2, 4, 8, 16, 32, 64] as const;
const efLadder = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024];

/**
 * The fastest settings whose recall reaches the target with a standard error to spare, so that the promise holds for
 * queries that were not sampled. For each refine factor the recall grows with the partitions probed: the least number
 * is found by bisection. A larger refine factor is tried as long as it makes the search faster.
 * @returns the choice, or the best that was seen when none reaches the target
 */
export async function chooseSearchDefaults(
  { type, parameters }: IndexPlan,
  target: number,
  measure: Measure,
): Promise<{ choice: Measurement; reached: boolean }> {
  if (type === "EXACT") return { choice: await measure({}), reached: true };
  const ladder = type === "HNSW_SQ" ? efLadder : probesLadder(parameters.numPartitions ?? 1);
  const widthOf = (width: number) => (type === "HNSW_SQ" ? { ef: width } : { nprobes: width });
  let best: Measurement | undefined;
  let highest: Measurement | undefined;
  for (const refineFactor of refineLadder) {
    const rung = (width: number) => measure({ ...widthOf(width), ...(refineFactor ? { refineFactor } : {}) });
    const { least, top } = await leastThatReaches(ladder, rung, target);
    if (!highest || top.recall > highest.recall) highest = top;
    if (best && (!least || least.ms >= best.ms)) break;
    if (least) best = least;
    if (type === "IVF_FLAT") break; // distances are exact already
  }
  const choice = best ?? highest;
  if (!choice) throw new Error("no setting was measured");
  return { choice, reached: best !== undefined };
}

/** Growing by about a half, up to all partitions. */
function probesLadder(partitions: number): number[] {
  const ladder: number[] = [];
  for (let probes = 1; probes < partitions; probes = Math.ceil(probes * 1.4)) ladder.push(probes);
  return [...ladder, partitions];
}

/** Recall does not fall along the ladder: bisection, after a look at its top. */
async function leastThatReaches(
  ladder: number[],
  rung: (width: number) => Promise<Measurement>,
  target: number,
) {
  const top = await rung(ladder.at(-1) ?? 1);
  if (!reaches(top, target)) return { top };
  let [low, high, least] = [0, ladder.length - 1, top];
  while (low < high) {
    const middle = (low + high) >> 1;
    const measured = await rung(ladder[middle] ?? 1);
    if (reaches(measured, target)) [high, least] = [middle, measured];
    else low = middle + 1;
  }
  return { top, least };
}

/** At a target of 1 nothing can be to spare. */
function reaches({ recall, error }: Measurement, target: number): boolean {
  return recall >= Math.min(1, target + error);
}

/** Share of the exact neighbours that were found. */
export function recallOf(exact: string[], found: string[]): number {
  if (exact.length === 0) return 1;
  const set = new Set(found.slice(0, exact.length));
  return exact.filter((id) => set.has(id)).length / exact.length;
}

/** Mean, its standard error and the median time of single queries. */
export function summarise(settings: SearchDefaults, recalls: number[], times: number[]): Measurement {
  const mean = recalls.reduce((sum, one) => sum + one, 0) / recalls.length;
  const variance = recalls.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, recalls.length - 1);
  const sorted = times.toSorted((a, b) => a - b);
  return {
    settings,
    recall: mean,
    error: Math.sqrt(variance / recalls.length),
    ms: sorted[sorted.length >> 1] ?? 0,
  };
}

export const recallSampleSize = (rows: number) => Math.min(limits.recallQueries, rows);
