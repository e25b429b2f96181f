import { DomainError } from "../errors.ts";
import type { Generations, WritePermit } from "../index/generations.ts";
import type { AskedIndex, Metric } from "../index/index-entry.ts";
import type { Plan } from "../jobs/plan.ts";
import { exactInstead, type IndexPlan, withFewerPartitions } from "../plan/plan-index.ts";
import { whyUnlikely } from "../source/filter-columns.ts";
import { kindOf } from "../values/filter-types.ts";
import type { Builds } from "./builds.ts";
import { plansInTurn } from "./finer-index.ts";

/** What was built, and the columns that nobody named whose scalar indexes were left out. */
export interface BuiltIndex extends IndexPlan {
  leftOut: string[];
}

/** What a job asked for, and what it said of each of its tries that did not reach the recall. */
export interface WantedIndex extends Pick<AskedIndex, "indexType" | "indexParameters"> {
  missed?: string[];
}

/** What builds, and what says how many rows there are. */
export interface BuildDependencies {
  generations: Generations;
  builds: Builds;
}

/** Where it is built, and with whose leave. */
interface Site {
  builds: Builds;
  plan: Plan;
  permit: WritePermit;
}

/**
 * Builds the vector index as planned, a finer one after each that missed the recall, and the scalar indexes on the id column (without it a fetch scans the table)
 * and on those that the plan names, and the full-text indexes; another column that had one already keeps it.
 * Repeated, it builds again and replaces.
 * @throws IndexParametersInvalid, also naming a column that was asked for and cannot be indexed
 */
export async function buildGeneration(
  { generations, builds }: BuildDependencies,
  plan: Plan,
  { indexType, indexParameters, missed = [] }: WantedIndex,
  metric: Metric,
  permit: WritePermit,
): Promise<BuiltIndex> {
  const site = { builds, plan, permit };
  const rows = await generations.rowsOf(plan.ref);
  const { dimension } = plan.target;
  const plans = plansInTurn({ type: indexType, rows, dimension, asked: indexParameters });
  const planned = plans[missed.length];
  if (!planned) throw new DomainError("Internal", "there is no finer index to build");
  const reasons: string[] = [];
  const leftOut: string[] = [];
  for (const column of new Set([plan.target.idColumn, ...plan.filterColumns])) {
    const why = await buildOrLeaveOut(site, column);
    if (!why) continue;
    leftOut.push(column);
    reasons.push(`no scalar index on "${column}": ${why}`);
  }
  await builds.buildTextIndexes(plan.ref, plan.fullText, permit);
  const made = await buildVectorIndex(site, planned, metric);
  return { ...made, reasons: [...made.reasons, ...missed, ...reasons], leftOut };
}

/** @returns why a column that nobody named has no index */
async function buildOrLeaveOut({ builds, plan, permit }: Site, column: string): Promise<string | undefined> {
  const isAsked = !plan.unaskedFilterColumns.includes(column);
  const why = isAsked ? undefined : await tooWide(builds, plan, column);
  if (why) return why;
  try {
    await builds.buildScalarIndex(plan.ref, column, permit);
    return undefined;
  } catch (error) {
    if (isAsked || !isOfTheColumn(error)) throw error;
    return error.message;
  }
}

/** A footer does not tell how wide strings are: it counts a value of a dictionary once, however many rows have it. */
async function tooWide(builds: Builds, { ref, target }: Plan, column: string): Promise<string | undefined> {
  const type = target.columns.find(({ name }) => name === column)?.type ?? "";
  if (kindOf(type) !== "string") return undefined;
  return whyUnlikely(await builds.widthOf(ref, column));
}

/** What would fail again, and says nothing of store or network. */
function isOfTheColumn(error: unknown): error is DomainError {
  return error instanceof DomainError && ["IndexParametersInvalid", "Internal"].includes(error.kind);
}

/** Of vectors that are few or equal not as many clusters can be formed as were planned: then of as many as there are. */
async function buildVectorIndex(site: Site, planned: IndexPlan, metric: Metric): Promise<IndexPlan> {
  const { builds, plan, permit } = site;
  const { ref, target } = plan;
  if (planned.type === "EXACT") {
    await builds.dropVectorIndex(ref, target.vectorColumn, permit);
    return planned;
  }
  const { type, parameters } = planned;
  const build = [ref, target.vectorColumn, type, metric, parameters, permit] as const;
  const clusters = await builds.buildVectorIndex(...build);
  if (clusters === undefined) return planned;
  const isFewer = clusters >= 1 && clusters < (parameters.numPartitions ?? 1);
  const instead = isFewer ? withFewerPartitions(planned, clusters) : exactInstead(planned);
  return buildVectorIndex(site, instead, metric);
}
