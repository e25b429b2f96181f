import { limits } from "../../config/limits.ts";
import type { SearchDefaults } from "../index/index-entry.ts";
import type { IndexPlan } from "../plan/plan-index.ts";
import { leastForHundred } from "../search/defaults-at-k.ts";
import { DefaultsSearch, reaches } from "./defaults-search.ts";
import type { Measured, Measurement } from "./measurement.ts";

export interface Choice {
  /** The fastest that reaches the target, or the best that was seen when none does. */
  choice: Measurement;
  reached: boolean;
  /** The fastest that does it without refining, where the choice refines. */
  unrefined?: Measurement;
}

const refineLadder = [1, 2, 4, 8, 16, 32, 64, 128, limits.maxRefineFactor];
const efLadder = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024];

/**
 * The fastest settings whose recall reaches the target with two standard errors to spare, so that the promise holds for
 * queries that were not sampled. Recall grows with the width (partitions probed or candidates kept) and with the refine
 * factor. For each refine factor the least width that reaches the target is foreseen by bisection on some of the
 * queries; these settings are timed, and the fastest measured on all of them, wider until it reaches the target. A
 * larger refine factor is taken as long as it makes the search faster, the first only when it makes it much faster.
 * @param isUnrefinedWanted whether one without refining is looked for, too
 */
export async function chooseSearchDefaults(
  { type, parameters }: IndexPlan,
  target: number,
  queries: Measured,
  isUnrefinedWanted: boolean,
): Promise<Choice> {
  if (type === "EXACT") return { choice: await queries.measure({}, queries.length), reached: true };
  const widths = type === "HNSW_SQ" ? efs(0) : probes(1, parameters.numPartitions ?? 1, 1.2);
  const refines = type === "IVF_FLAT" ? [1] : refineLadder; // distances are exact already
  const search = new DefaultsSearch(queries, target, widths);
  const { found, unrefined } = await search.reaching(refines);
  if (!found) {
    const choice = await search.best(refines);
    return { choice, reached: reaches(choice, target) };
  }
  const isAsked = isUnrefinedWanted && unrefined && found.settings.refineFactor !== undefined;
  const other = isAsked ? await search.confirmed(unrefined) : undefined;
  return { choice: found, reached: true, ...(other ? { unrefined: other } : {}) };
}

/**
 * The least width, from that of the defaults on, that reaches the target where a filter leaves few rows: the nearest of
 * these are as far away as many neighbours of an unfiltered search, and lie in more partitions. Refined as the defaults.
 * @param queries with a filter
 * @returns the widest when none reaches it
 */
export async function widenForFilter(
  plan: IndexPlan,
  settings: SearchDefaults,
  target: number,
  queries: Measured,
): Promise<Measurement> {
  return widened(new DefaultsSearch(queries, target, widthsFrom(plan, settings)), [
    settings.refineFactor ?? 1,
  ]);
}

/**
 * The defaults for more hits: from the width of those there are on, with the least refining that reaches the target.
 * @param queries for so many
 * @returns the widest when none reaches it
 */
export async function widenForMore(
  plan: IndexPlan,
  settings: SearchDefaults,
  target: number,
  queries: Measured,
): Promise<Measurement> {
  const { refineFactor = 1 } = settings;
  const refines = refineLadder.filter(
    (refine) => refine < refineFactor && refine >= leastForHundred(refineFactor),
  );
  return widened(new DefaultsSearch(queries, target, widthsFrom(plan, settings)), [...refines, refineFactor]);
}

/**
 * The defaults for fewer hits, which compare as many candidates as are given, from their width on. Of one hit a query
 * finds all or nothing: the error of that mean is so large that none is to spare.
 */
export async function widenForFewer(
  plan: IndexPlan,
  settings: SearchDefaults,
  target: number,
  queries: Measured,
): Promise<Measurement> {
  const found = await queries.measure(settings, queries.length);
  if (found.recall >= target) return found;
  const { refineFactor = 1 } = settings;
  const search = new DefaultsSearch(queries, target, widthsFrom(plan, settings), 0);
  return (await search.confirmed({ rung: 0, refine: refineFactor })) ?? search.best([refineFactor]);
}

async function widened(search: DefaultsSearch, refines: number[]): Promise<Measurement> {
  const { found } = await search.reaching(refines);
  return found ?? search.best(refines);
}

const widthsFrom = ({ type, parameters }: IndexPlan, { nprobes = 1, ef = 0 }: SearchDefaults) =>
  type === "HNSW_SQ" ? efs(ef) : probes(nprobes, parameters.numPartitions ?? 1, 1.1);

const efs = (from: number): SearchDefaults[] => efLadder.filter((ef) => ef >= from).map((ef) => ({ ef }));

/** Growing by that factor, up to all partitions: a search takes as much longer as the rung lies above what it needs. */
function probes(from: number, partitions: number, growth: number): SearchDefaults[] {
  const ladder: number[] = [];
  for (let some = from; some < partitions; some = Math.ceil(some * growth)) ladder.push(some);
  return [...ladder, partitions].map((nprobes) => ({ nprobes }));
}

/**
 * Share of the k nearest that were found.
 * @param exact the k nearest and those that are as near as the last of them: any of these counts
 */
export function recallOf(exact: string[], found: string[], k = exact.length): number {
  const wanted = Math.min(k, exact.length);
  if (wanted === 0) return 1;
  const near = new Set(exact);
  return found.slice(0, wanted).filter((id) => near.has(id)).length / wanted;
}

/** Mean and its standard error, of single queries. */
export function summarise(settings: SearchDefaults, recalls: number[]): Measurement {
  const mean = recalls.reduce((sum, one) => sum + one, 0) / recalls.length;
  const variance = recalls.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, recalls.length - 1);
  return { settings, recall: mean, error: Math.sqrt(variance / recalls.length), queries: recalls.length };
}

/** More where a comparison with every row is cheap: the error of a mean shrinks with the root of their number. */
export function recallSampleSize(rows: number, dimension: number): number {
  const affordable = Math.round(limits.recallValuesCompared / (rows * dimension));
  const queries = Math.min(limits.maxRecallQueries, Math.max(limits.recallQueries, affordable));
  return Math.min(queries, rows);
}
