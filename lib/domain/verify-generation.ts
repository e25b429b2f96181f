import { limits } from "../config/limits.ts";
import {
  chooseSearchDefaults,
  type Measurement,
  recallOf,
  recallSampleSize,
  summarise,
} from "./choose-search-defaults.ts";
import { DomainError } from "./errors.ts";
import type { Metric, RecallReport, SearchDefaults } from "./index-entry.ts";
import type { Plan } from "./plan.ts";
import type { IndexPlan } from "./plan-index.ts";
import type { Generations, RecallProbe, TaskContext } from "./ports.ts";

export interface Verified {
  searchDefaults: SearchDefaults;
  recall: RecallReport;
}

/**
 * Measures recall@10 of the built index against exact search on sampled rows, and picks the search defaults that
 * reach the target. A sampled row is not counted as its own neighbour: that would flatter the index.
 * @param rows what the load sealed
 * @throws RowsMiscounted, RecallNotReached naming the best that was seen
 */
export async function verifyGeneration(
  generations: Generations,
  plan: Plan,
  built: IndexPlan,
  wanted: { metric: Metric; targetRecall: number; rows: number },
  context: TaskContext,
): Promise<Verified> {
  const rows = await generations.rowsOf(plan.ref);
  if (rows !== wanted.rows)
    throw new DomainError(
      "RowsMiscounted",
      `the generation has ${rows} rows, the load sealed ${wanted.rows}`,
    );
  const names = { id: plan.target.idColumn, vector: plan.target.vectorColumn };
  const probe = await generations.probe(plan.ref, names, wanted.metric);
  try {
    const queries = await exactNeighbours(probe, rows, context);
    const measure = (settings: SearchDefaults) => measureRecall(probe, queries, settings, context);
    const { choice, reached } = await chooseSearchDefaults(built, wanted.targetRecall, measure);
    if (!reached) throw notReached(built, wanted.targetRecall, choice);
    const recall = { target: wanted.targetRecall, measured: round(choice.recall), k: limits.recallK };
    return { searchDefaults: choice.settings, recall: { ...recall, queries: queries.length } };
  } finally {
    probe.close();
  }
}

interface ProbeQuery {
  id: string;
  vector: Float32Array;
  exact: string[];
}

async function exactNeighbours(
  probe: RecallProbe,
  rows: number,
  context: TaskContext,
): Promise<ProbeQuery[]> {
  const sample = await probe.sample(recallSampleSize(rows));
  return inParallel(sample, context, async (query) => {
    const exact = await probe.exact(query.vector, limits.recallK + 1);
    return { ...query, exact: withoutSelf(exact, query.id) };
  });
}

async function measureRecall(
  probe: RecallProbe,
  queries: ProbeQuery[],
  settings: SearchDefaults,
  context: TaskContext,
): Promise<Measurement> {
  const results = await inParallel(queries, context, async ({ id, vector, exact }) => {
    const started = performance.now();
    const found = await probe.approximate(vector, limits.recallK + 1, settings);
    return {
      recall: recallOf(exact, withoutSelf(found, id), limits.recallK),
      ms: performance.now() - started,
    };
  });
  return summarise(
    settings,
    results.map(({ recall }) => recall),
    results.map(({ ms }) => ms),
  );
}

const withoutSelf = (ids: string[], id: string) => ids.filter((one) => one !== id);

async function inParallel<T, R>(
  items: T[],
  { signal }: TaskContext,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += limits.recallConcurrency) {
    signal.throwIfAborted();
    results.push(...(await Promise.all(items.slice(i, i + limits.recallConcurrency).map(work))));
  }
  return results;
}

function notReached(built: IndexPlan, target: number, best: Measurement): DomainError {
  const settings = Object.entries(best.settings).map(([name, value]) => `${name} ${value}`);
  return new DomainError(
    "RecallNotReached",
    `${built.type} reaches recall@${limits.recallK} ${round(best.recall)} at best (${settings.join(", ")}), asked for ${target}; ` +
      "ask for finer codes (numBits, numSubVectors), another indexType, or less recall",
  );
}

const round = (value: number) => Math.round(value * 10_000) / 10_000;
