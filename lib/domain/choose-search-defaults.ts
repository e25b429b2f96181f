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
  /** On how many queries. */
  queries: number;
}

/** Measures a setting on at least the first `queries` of the sampled queries. */
export type Measure = (settings: SearchDefaults, queries: number) => Promise<Measurement>;

/** What the search for the defaults goes by. */
interface Search {
  target: number;
  /** How many queries there are. */
  queries: number;
  measure: Measure;
}

export interface Choice {
  /** The fastest that reaches the target, or the best that was seen when none does. */
  choice: Measurement;
  reached: boolean;
  /** The fastest that does it without refining, where the choice refines. */
  unrefined?: Measurement;
}

const refineLadder = [1, 2, 4, 8, 16, 32, 64];
const efLadder = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024];

/**
 * The fastest settings whose recall reaches the target with two standard errors to spare, so that the promise holds for
 * queries that were not sampled. Recall grows with the width (partitions probed or candidates kept) and with the refine
 * factor. For each refine factor the least width that reaches the target is found by bisection, below the width that
 * the refine factor before it needed. A larger refine factor is tried as long as it makes the search faster, the
 * first only when it makes it much faster.
 *
 * A setting that clearly reaches or misses the target shows it on a few queries; only a close one costs all of them,
 * and so does every one that may be chosen.
 * @param queries how many were sampled
 */
export async function chooseSearchDefaults(
  { type, parameters }: IndexPlan,
  target: number,
  measure: Measure,
  queries: number = limits.recallQueries,
): Promise<Choice> {
  if (type === "EXACT") return { choice: await measure({}, queries), reached: true };
  const search = { target, queries, measure: remembering(measure) };
  const hnsw = type === "HNSW_SQ";
  const ladder = hnsw ? efLadder : probesLadder(1, parameters.numPartitions ?? 1, 1.2);
  const settingsOf = (rung: number, refine: number) => ({
    ...(hnsw ? { ef: ladder[rung] } : { nprobes: ladder[rung] }),
    ...(refine > 1 ? { refineFactor: refine } : {}),
  });
  const refines = type === "IVF_FLAT" ? [1] : refineLadder; // distances are exact already
  return cheapest(search, refines, ladder.length, settingsOf);
}

type SettingsOf = (rung: number, refine: number) => SearchDefaults;

async function cheapest(
  search: Search,
  refines: number[],
  rungs: number,
  settingsOf: SettingsOf,
): Promise<Choice> {
  const reaching: Measurement[] = [];
  let highest: Measurement | undefined;
  let top = rungs - 1;
  for (const refine of refines) {
    const best = reaching.at(-1);
    const at = (rung: number) => settingsOf(rung, refine);
    const { least, seen } = await leastThatReaches(search, top, at, best?.ms);
    if (!highest || seen.recall > highest.recall) highest = seen;
    if (best && (!least || !isWorthReading(least.found, best))) break;
    if (!least) continue;
    top = least.rung;
    reaching.push(least.found);
  }
  const choice = reaching.at(-1);
  if (choice) return { choice, reached: true, ...unrefinedOf(reaching) };
  if (!highest) throw new Error("no setting was measured");
  return { choice: await search.measure(highest.settings, search.queries), reached: false };
}

/** @param reaching settings that reach the target, by refine factor, the choice last */
function unrefinedOf([first, ...refined]: Measurement[]): Pick<Choice, "unrefined"> {
  return first && refined.length > 0 && !isRefined(first) ? { unrefined: first } : {};
}

const isRefined = ({ settings }: Measurement) => settings.refineFactor !== undefined;

/** Measured on a disk whose pages are in memory, refining costs less than elsewhere: it has to save a good part of the time. */
function isWorthReading(refined: Measurement, before: Measurement): boolean {
  return refined.ms < before.ms * (isRefined(before) ? 1 : limits.refiningTakes);
}

/**
 * The least width, from that of the defaults on, that reaches the target where a filter leaves few rows: the nearest of
 * these are as far away as many neighbours of an unfiltered search, and lie in more partitions. Refined as the defaults.
 * @param measure with a filter
 * @returns the widest when none reaches it
 */
export async function widenForFilter(
  { type, parameters }: IndexPlan,
  { nprobes = 1, ef = 0, ...others }: SearchDefaults,
  target: number,
  measure: Measure,
  queries: number,
): Promise<Measurement> {
  const hnsw = type === "HNSW_SQ";
  const ladder = hnsw
    ? efLadder.filter((width) => width >= ef)
    : probesLadder(nprobes, parameters.numPartitions ?? 1, 1.1);
  const at = (rung: number) => ({ ...(hnsw ? { ef: ladder[rung] } : { nprobes: ladder[rung] }), ...others });
  const search = { target, queries, measure: remembering(measure) };
  const top = ladder.length - 1;
  const { least } = await leastThatReaches(search, top, at);
  return least?.found ?? search.measure(at(top), queries);
}

/** Growing by that factor, up to all partitions: a search takes as much longer as the rung lies above what it needs. */
function probesLadder(from: number, partitions: number, growth: number): number[] {
  const ladder: number[] = [];
  for (let probes = from; probes < partitions; probes = Math.ceil(probes * growth)) ladder.push(probes);
  return [...ladder, partitions];
}

/**
 * Bisection, after a look at the top; the rung it ends on is measured on every query, and the next when that fails.
 * @param msToBeat a rung that misses the target and takes this long ends it: wider ones take longer
 */
async function leastThatReaches(
  search: Search,
  top: number,
  at: (rung: number) => SearchDefaults,
  msToBeat = Number.POSITIVE_INFINITY,
) {
  const seen = await decide(search, at(top));
  if (!reaches(seen, search.target)) return { seen };
  let [low, high] = [0, top];
  while (low < high) {
    const middle = (low + high) >> 1;
    const measured = await decide(search, at(middle));
    if (reaches(measured, search.target)) high = middle;
    else if (measured.ms >= msToBeat) return { seen };
    else low = middle + 1;
  }
  for (let rung = high; rung <= top; rung++) {
    const found = await search.measure(at(rung), search.queries);
    if (reaches(found, search.target)) return { seen, least: { found, rung } };
  }
  return { seen };
}

/** A setting is not measured again on queries it was measured on. */
function remembering(measure: Measure): Measure {
  const known = new Map<string, Measurement>();
  return async (settings, queries) => {
    const key = JSON.stringify(settings);
    const before = known.get(key);
    if (before && before.queries >= queries) return before;
    const measured = await measure(settings, queries);
    known.set(key, measured);
    return measured;
  };
}

/** On twice as many queries each time, until the answer is clear or all are used. */
async function decide({ target, queries, measure }: Search, settings: SearchDefaults): Promise<Measurement> {
  for (let some = Math.min(limits.recallFirstQueries, queries); ; some = Math.min(some * 2, queries)) {
    const measured = await measure(settings, some);
    if (measured.queries >= queries || isClear(measured, target)) return measured;
  }
}

/**
 * Two standard errors off the target. Few queries that all agree would have no error at all: half a neighbour in all
 * of them is the least that is assumed.
 */
function isClear({ recall, error, queries }: Measurement, target: number): boolean {
  const assumed = Math.max(error, 1 / (2 * limits.recallK * Math.sqrt(queries)));
  return Math.abs(recall - target) > 2 * assumed;
}

/** At a target of 1 nothing can be to spare. */
function reaches({ recall, error }: Measurement, target: number): boolean {
  return recall >= Math.min(1, target + limits.recallMarginErrors * error);
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
    queries: recalls.length,
  };
}

/** More where a comparison with every row is cheap: the error of a mean shrinks with the root of their number. */
export function recallSampleSize(rows: number, dimension: number): number {
  const affordable = Math.round(limits.recallValuesCompared / (rows * dimension));
  const queries = Math.min(limits.maxRecallQueries, Math.max(limits.recallQueries, affordable));
  return Math.min(queries, rows);
}
