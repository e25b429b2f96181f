import { DomainError } from "../errors.ts";
import { neededColumns, refuseChangedColumns } from "../index/column-changes.ts";
import type { AskedIndex, Column, GenerationRef, Publication } from "../index/index-entry.ts";
import { publishedOf } from "../index/published.ts";
import type { BuildIndexInput, OptimizeInput } from "../jobs/job.ts";
import { type Plan, plan } from "../jobs/plan.ts";
import { indexable, refuseUnfilterable } from "../source/filter-columns.ts";
import { resolvedFullText, stillThere, type TextIndex, textIndexesOf } from "../text/full-text.ts";
import { refuseWithoutRoom } from "./build-needs.ts";
import { claimGeneration } from "./claim-generation.ts";
import { keepPlan, type PlanDependencies } from "./plan-migration.ts";
import { askedOf, planUpkeep } from "./plan-optimize.ts";
import { sweepLeftovers } from "./sweep-leftovers.ts";

/** A build-index job that names no columns keeps those of what is published. */
type PlannedIndex = Omit<AskedIndex, "filterColumns" | "fullText"> & { filterColumns?: string[] | undefined };

/**
 * The first task of a rebuild or an optimization: claims the next generation and notes the version of the published one
 * to start from. Repeated, it finds its plan.
 * @returns undefined when an optimization has nothing to do; the job has succeeded then
 * @throws IndexNotFound, IndexNotReady, ColumnsChanged, Conflict, IndexParametersInvalid, JobTooLarge
 */
export async function planRebuild(
  deps: PlanDependencies,
  job: string,
  input: BuildIndexInput | OptimizeInput,
): Promise<Plan | undefined> {
  const known = await deps.ledger.read(job, "plan", plan);
  if (known) return known;
  const published = publishedOf((await deps.registry.get(input.index)).value);
  deps.buckets.writable(published.bucket);
  const from = { index: input.index, bucket: published.bucket, generation: published.generation };
  if (input.type === "optimize" && (await isKept(deps, job, input, published, from))) return undefined;
  const [rows, version] = await Promise.all([deps.generations.rowsOf(from), deps.generations.version(from)]);
  const columns = await columnsAt(deps, from, version, published);
  const asked: PlannedIndex = input.type === "optimize" ? stillAsked(askedOf(published), columns) : input;
  refuseWithoutRoom(asked, { rows, dimension: published.dimension }, await deps.buildRoom());
  refuseUnfilterable(asked.filterColumns ?? [], columns);
  const fullText = textOf(input, published, columns);
  const claim = await claimGeneration(deps, job, input.index, published.bucket);
  if (publishedOf((await deps.registry.get(input.index)).value).generation !== published.generation)
    throw new DomainError(
      "Conflict",
      `another generation of index "${input.index}" was just published; start again`,
    );
  const { idColumn, vectorColumn, dimension, metric } = published;
  const made: Plan = {
    ref: { ...from, generation: claim.generation },
    generation: claim.generation,
    rows,
    ...(published.chosenColumns ? { chosenColumns: published.chosenColumns } : {}),
    target: { idColumn, vectorColumn, dimension, columns, refuseZeroVectors: metric === "cosine" },
    sourceBucket: published.bucket,
    files: [],
    units: [],
    notes: [],
    workers: 0,
    filterColumns: indexable(asked.filterColumns ?? [], columns),
    unaskedFilterColumns: asked.unaskedFilterColumns ?? [],
    fullText,
    published: { ref: from, version },
    claimedAt: claim.since,
  };
  await sweepLeftovers(deps, made);
  if (input.type === "optimize") {
    const built = await deps.generations.vectorIndex(from, vectorColumn, dimension);
    made.upkeep = planUpkeep(published, rows, built);
  }
  return keepPlan(deps, job, made);
}

/** Those that the next generation has: of a version as it is, whoever made them. @throws ColumnsChanged */
async function columnsAt(
  { generations }: PlanDependencies,
  from: GenerationRef,
  version: number,
  published: Publication,
): Promise<Column[]> {
  const { all, carried } = await generations.columns(from, version);
  refuseChangedColumns(published, all, neededColumns(published));
  return carried;
}

/** A job that names none keeps those there are, but for columns that another client has taken away. @throws IndexParametersInvalid */
function textOf(
  input: BuildIndexInput | OptimizeInput,
  published: Publication,
  columns: Column[],
): TextIndex[] {
  const named = input.type === "build-index" ? input.fullText : undefined;
  return named ? resolvedFullText(named, columns) : stillThere(textIndexesOf(published), columns);
}

/** Nobody names them anew: of those that another client has taken away there is no index any more. */
function stillAsked(asked: AskedIndex, columns: Column[]): AskedIndex {
  const isThere = (name: string) => columns.some((column) => column.name === name);
  return { ...asked, filterColumns: asked.filterColumns.filter(isThere) };
}

/**
 * Whether the promise holds as it is: nothing was written since recall was measured, for the target that is wanted.
 * Then the job ends here, and its end is what a repeated task finds.
 */
async function isKept(
  { ledger, generations }: PlanDependencies,
  job: string,
  { targetRecall }: OptimizeInput,
  { recall }: Publication,
  from: GenerationRef,
): Promise<boolean> {
  if ((await ledger.ended(job))?.state === "succeeded") return true;
  if (targetRecall !== undefined && targetRecall !== recall.target) return false;
  if ((await generations.version(from)) !== recall.version) return false;
  return (await ledger.end(job, "succeeded")).state === "succeeded";
}
