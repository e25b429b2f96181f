import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import type { Generations } from "../index/generations.ts";
import type { Metric, RecallReport, SearchDefaults } from "../index/index-entry.ts";
import type { Plan } from "../jobs/plan.ts";
import type { IndexPlan } from "../plan/plan-index.ts";
import { refinedForFewer } from "../search/defaults-at-k.ts";
import type { TaskContext } from "../task-context.ts";
import {
  chooseSearchDefaults,
  recallSampleSize,
  widenForFewer,
  widenForFilter,
  widenForMore,
} from "./choose-search-defaults.ts";
import type { Measured, Measurement } from "./measurement.ts";
import type { Probes, ProbeVector, RecallProbe } from "./recall-probe.ts";
import { RecallQueries } from "./recall-queries.ts";
import { scattered } from "./scattered.ts";

export interface VerifyDependencies {
  generations: Generations;
  probes: Probes;
}

export interface Verified {
  searchDefaults: SearchDefaults;
  unrefinedDefaults?: SearchDefaults;
  filteredDefaults?: SearchDefaults;
  recall: RecallReport;
}

/**
 * Measures recall@10 of the built index against exact search on sampled rows, and picks the search defaults that
 * reach the target; on an object store those without refining, too. A sampled row is not counted as its own neighbour: that would flatter the index.
 * @param wanted with the rows that the load sealed, and whether they lie on an object store
 * @throws RowsMiscounted, RecallNotReached naming the best that was seen
 */
export async function verifyGeneration(
  { generations, probes }: VerifyDependencies,
  plan: Pick<Plan, "ref" | "target">,
  built: IndexPlan,
  wanted: { metric: Metric; targetRecall: number; rows: number; isOnStore: boolean },
  context: TaskContext,
): Promise<Verified> {
  const rows = await generations.rowsOf(plan.ref);
  if (rows !== wanted.rows)
    throw new DomainError(
      "RowsMiscounted",
      `the generation has ${rows} rows, the load sealed ${wanted.rows}`,
    );
  if (rows === 0) return nothingMissed(wanted.targetRecall, await generations.version(plan.ref));
  const probe = await probes.probe(plan.ref, plan.target.vectorColumn, wanted.metric);
  try {
    const sample = await sampled(probe, built, recallSampleSize(rows, plan.target.dimension));
    const [[one, queries, hundred], few] = await Promise.all([
      RecallQueries.of(probe, sample, [1, limits.recallK, 100], context),
      filteredQueries(probe, { built, sample, rows }, context),
    ]);
    const found = await chooseSearchDefaults(built, wanted.targetRecall, queries, wanted.isOnStore);
    const { choice, reached, unrefined } = found;
    if (!reached) throw notReached(built, wanted.targetRecall, choice);
    const target = wanted.targetRecall;
    const others = Promise.all([
      few && widenForFilter(built, choice.settings, target, few),
      atOne(built, choice, target, one),
    ]);
    const some = hundred.first(limits.recallQueries); // each of them is a hundred questions
    const [[filtered, forOne], forHundred] = await Promise.all([
      others,
      rows > hundred.k ? atHundred(built, choice, target, timedAfter(others, some)) : undefined,
    ]);
    const atK = [
      told(1, forOne),
      told(limits.recallK, choice),
      ...(forHundred ? [told(hundred.k, forHundred)] : []),
    ];
    const recall = { target: wanted.targetRecall, measured: round(choice.recall), k: limits.recallK, atK };
    const version = await generations.version(plan.ref);
    return {
      searchDefaults: choice.settings,
      ...(unrefined ? { unrefinedDefaults: unrefined.settings } : {}),
      ...(filtered ? { filteredDefaults: filtered.settings } : {}),
      recall: {
        ...recall,
        ...(filtered ? { filtered: round(filtered.recall) } : {}),
        queries: queries.length,
        version,
      },
    };
  } finally {
    await probe.close();
  }
}

/** Of no rows none is missed. */
function nothingMissed(target: number, version: number): Verified {
  return { searchDefaults: {}, recall: { target, measured: 1, k: limits.recallK, queries: 0, version } };
}

const told = (k: number, { recall, settings }: Measurement) => ({
  k,
  measured: round(recall),
  searchDefaults: settings,
});

/** What reaches the target for one hit, beside the choice for ten. */
function atOne(built: IndexPlan, { settings }: Measurement, target: number, one: RecallQueries) {
  if (built.type === "EXACT") return one.measure({}, one.length);
  return widenForFewer(built, refinedForFewer(settings, 1, built.type), target, one);
}

/** What reaches the target for a hundred. */
function atHundred(built: IndexPlan, { settings }: Measurement, target: number, hundred: Measured) {
  if (built.type === "EXACT") return hundred.measure({}, hundred.length);
  return widenForMore(built, settings, target, hundred);
}

/** Times are compared while nothing else runs. */
function timedAfter(others: Promise<unknown>, queries: RecallQueries): Measured {
  return {
    k: queries.k,
    length: queries.length,
    measure: (settings, some) => queries.measure(settings, some),
    foresee: (width, refines, some) => queries.foresee(width, refines, some),
    medianMs: async (settings) => {
      await others;
      return queries.medianMs(settings);
    },
  };
}

/** Questions with a filter that is as narrow as the rows allow. @returns undefined where they are too few */
async function filteredQueries(
  probe: RecallProbe,
  { built, sample, rows }: { built: IndexPlan; sample: ProbeVector[]; rows: number },
  context: TaskContext,
): Promise<RecallQueries | undefined> {
  const oneIn = Math.min(limits.filteredOneIn, Math.floor(rows / limits.leastFilteredRows));
  if (built.type === "EXACT" || oneIn < 2) return undefined;
  const few = probe.among(oneIn);
  // vectors beside rows take a search of their own
  const asked =
    built.type === "HNSW_SQ" ? sample : scattered(await probe.sample(Math.min(rows, limits.filteredQueries)));
  const strangers = asked.map(({ vector }) => ({ vector, id: null }));
  const [answered] = await RecallQueries.of(few, strangers, [limits.recallK], context);
  // a row that is among the few would be its own neighbour
  return answered.withoutThoseThatFind(asked.map(({ id }) => id));
}

/**
 * Rows are fair queries to partitions, but flattering ones to a graph: they are its nodes, and a search that starts at
 * their neighbours cannot miss (bench/NOTES.md). A graph is asked for vectors beside them.
 */
async function sampled(probe: RecallProbe, { type }: IndexPlan, size: number): Promise<ProbeVector[]> {
  return scattered(await (type === "HNSW_SQ" ? probe.sampleBeside(size) : probe.sample(size)));
}

function notReached({ type, parameters }: IndexPlan, target: number, best: Measurement): DomainError {
  const reachable = Math.floor((best.recall - limits.recallMarginErrors * best.error) * 100) / 100;
  const finer = (type === "IVF_RQ" || type === "IVF_PQ") && (parameters.numBits ?? 8) < 8;
  const ways = [
    'indexType "auto" without indexParameters or IVF_FLAT, which reach any',
    ...(finer ? [`numBits 8 of ${type}`] : []),
    ...(reachable >= limits.leastTargetRecall ? [`a targetRecall of at most ${reachable}`] : []),
  ];
  return new DomainError(
    "RecallNotReached",
    `${type} (${listOf(parameters)}) reaches recall@${limits.recallK} ${round(best.recall)} at best (${listOf(best.settings)}), ` +
      `asked for ${target}; ask for ${ways.join(", or ")}`,
  );
}

const listOf = (parameters: object) =>
  Object.entries(parameters)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");

const round = (value: number) => Math.round(value * 10_000) / 10_000;
