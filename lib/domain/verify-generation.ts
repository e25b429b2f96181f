import { limits } from "../config/limits.ts";
import {
  chooseSearchDefaults,
  type Measure,
  type Measurement,
  recallOf,
  recallSampleSize,
  summarise,
  widenForFilter,
} from "./choose-search-defaults.ts";
import { DomainError } from "./errors.ts";
import type { Metric, RecallReport, SearchDefaults } from "./index-entry.ts";
import type { Plan } from "./plan.ts";
import type { IndexPlan } from "./plan-index.ts";
import type { Generations, Nearest, Neighbours, ProbeVector, RecallProbe, TaskContext } from "./ports.ts";

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
  generations: Generations,
  plan: Plan,
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
  const names = { id: plan.target.idColumn, vector: plan.target.vectorColumn };
  const probe = await generations.probe(plan.ref, names, wanted.metric);
  try {
    const sample = await sampled(probe, built, recallSampleSize(rows, plan.target.dimension));
    const queries = await exactNeighbours(probe, sample, context);
    const measure = measurer(probe, queries, context);
    const found = await chooseSearchDefaults(built, wanted.targetRecall, measure, queries.length);
    const { choice, reached, unrefined } = found;
    if (!reached) throw notReached(built, wanted.targetRecall, choice);
    const filtered = await withFilter(probe, { built, sample, choice, ...wanted }, context);
    const recall = { target: wanted.targetRecall, measured: round(choice.recall), k: limits.recallK };
    const version = await generations.version(plan.ref);
    return {
      searchDefaults: choice.settings,
      ...(wanted.isOnStore && unrefined ? { unrefinedDefaults: unrefined.settings } : {}),
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

/** What reaches the target with a filter that is as narrow as the rows allow. @returns undefined where they are too few */
async function withFilter(
  probe: RecallProbe,
  wanted: {
    built: IndexPlan;
    sample: ProbeVector[];
    choice: Measurement;
    rows: number;
    targetRecall: number;
  },
  context: TaskContext,
): Promise<Measurement | undefined> {
  const { built, sample, choice, rows, targetRecall } = wanted;
  const oneIn = Math.min(limits.filteredOneIn, Math.floor(rows / limits.leastFilteredRows));
  if (built.type === "EXACT" || oneIn < 2) return undefined;
  const few = probe.among(oneIn);
  // vectors beside rows take a scan for every ten of them
  const asked =
    built.type === "HNSW_SQ" ? sample : scattered(await probe.sample(Math.min(rows, limits.filteredQueries)));
  const strangers = asked.map(({ vector }) => ({ vector, id: null }));
  const answered = await exactNeighbours(few, strangers, context);
  // a row that is among the few would be its own neighbour
  const queries = answered.filter(({ exact }, i) => !exact.ids.includes(asked[i]?.id ?? ""));
  const measure = measurer(few, queries, context);
  return widenForFilter(built, choice.settings, targetRecall, measure, queries.length);
}

interface ProbeQuery extends ProbeVector {
  exact: Nearest;
}

/**
 * Rows are fair queries to partitions, but flattering ones to a graph: they are its nodes, and a search that starts at
 * their neighbours cannot miss (bench/NOTES.md). A graph is asked for vectors beside them.
 */
async function sampled(probe: RecallProbe, { type }: IndexPlan, size: number): Promise<ProbeVector[]> {
  return scattered(await (type === "HNSW_SQ" ? probe.sampleBeside(size) : probe.sample(size)));
}

async function exactNeighbours(
  probe: Neighbours,
  sample: ProbeVector[],
  context: TaskContext,
): Promise<ProbeQuery[]> {
  const queries: ProbeQuery[] = [];
  for (let i = 0; i < sample.length; i += limits.exactBatch) {
    context.signal.throwIfAborted();
    const some = sample.slice(i, i + limits.exactBatch);
    const vectors = some.map(({ vector }) => vector);
    const exact = await probe.exact(vectors, answersTo(some[0]));
    queries.push(...some.map((query, j) => ({ ...query, exact: nearestOthers(exact[j], query.id) })));
  }
  return queries;
}

/** In an order whose every beginning comes from all parts of the table: by multiples of the golden ratio. */
function scattered<T>(sample: T[]): T[] {
  const places = sample.map((_, i) => (i * 0.6180339887) % 1);
  const order = sample.map((_, i) => i).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  return order.flatMap((i) => sample[i] ?? []);
}

/** Keeps what was searched, so that a setting asked for on more queries searches only those that are new. */
function measurer(probe: Neighbours, queries: ProbeQuery[], context: TaskContext): Measure {
  const known = new Map<string, { recall: number; ms: number }[]>();
  return async (settings, some) => {
    const key = JSON.stringify(settings);
    const before = known.get(key) ?? [];
    const more = queries.slice(before.length, some);
    const results = [...before, ...(await searchAll(probe, more, settings, context))];
    known.set(key, results);
    const recalls = results.map(({ recall }) => recall);
    return summarise(
      settings,
      recalls,
      results.map(({ ms }) => ms),
    );
  };
}

function searchAll(probe: Neighbours, queries: ProbeQuery[], settings: SearchDefaults, context: TaskContext) {
  return inParallel(queries, context, async ({ id, vector, exact }) => {
    const started = performance.now();
    const found = await probe.approximate(vector, answersTo({ id }), settings, exact.within);
    const ms = performance.now() - started;
    return { recall: shareFound(exact, withoutSelf(found, id)), ms };
  });
}

/** Where right answers are too many to be listed, what was found holds none that is wrong. */
function shareFound({ ids, within }: Nearest, found: string[]): number {
  return recallOf(within === undefined ? ids : found.concat(ids), found, limits.recallK);
}

/** A row finds itself first. */
const answersTo = (query?: Pick<ProbeVector, "id">) => limits.recallK + (query?.id == null ? 0 : 1);

const nearestOthers = (nearest: Nearest = { ids: [] }, id: string | null): Nearest => ({
  ...nearest,
  ids: withoutSelf(nearest.ids, id),
});

const withoutSelf = (ids: string[], id: string | null) => ids.filter((one) => one !== id);

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
