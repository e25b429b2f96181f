import { DomainError } from "../errors.ts";
import type { AskedIndex, GenerationRef, Publication } from "../index/index-entry.ts";
import { publishedOf } from "../index/published.ts";
import type { BuildIndexInput, OptimizeInput } from "../jobs/job.ts";
import { type Plan, plan } from "../jobs/plan.ts";
import { indexable, refuseUnfilterable } from "../source/filter-columns.ts";
import { refuseWithoutRoom } from "./build-needs.ts";
import { claimGeneration } from "./claim-generation.ts";
import { keepPlan, type PlanDependencies } from "./plan-migration.ts";
import { askedOf, planUpkeep } from "./plan-optimize.ts";
import { sweepLeftovers } from "./sweep-leftovers.ts";

/** A build-index job that names no columns keeps those of what is published. */
type PlannedIndex = Omit<AskedIndex, "filterColumns"> & { filterColumns?: string[] | undefined };

/**
 * The first task of a rebuild or an optimization: claims the next generation and notes the version of the published one
 * to start from. Repeated, it finds its plan.
 * @returns undefined when an optimization has nothing to do; the job has succeeded then
 * @throws IndexNotFound, IndexNotReady, Conflict, IndexParametersInvalid, JobTooLarge
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
  const rows = await deps.generations.rowsOf(from);
  const asked: PlannedIndex = input.type === "optimize" ? askedOf(published) : input;
  refuseWithoutRoom(asked, { rows, dimension: published.dimension }, await deps.buildRoom());
  refuseUnfilterable(asked.filterColumns ?? [], published.columns);
  const claim = await claimGeneration(deps, job, input.index, published.bucket);
  if (publishedOf((await deps.registry.get(input.index)).value).generation !== published.generation)
    throw new DomainError(
      "Conflict",
      `another generation of index "${input.index}" was just published; start again`,
    );
  const { idColumn, vectorColumn, dimension, columns, metric } = published;
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
    filterColumns: indexable(asked.filterColumns ?? [], published.columns),
    unaskedFilterColumns: asked.unaskedFilterColumns ?? [],
    published: { ref: from, version: await deps.generations.version(from) },
    claimedAt: claim.since,
  };
  await sweepLeftovers(deps, made);
  if (input.type === "optimize") {
    const built = await deps.generations.vectorIndex(from, vectorColumn, dimension);
    made.upkeep = planUpkeep(published, rows, built);
  }
  return keepPlan(deps, job, made);
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
