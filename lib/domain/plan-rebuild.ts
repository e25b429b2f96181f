import { claimGeneration } from "./claim-generation.ts";
import { publishedOf } from "./describe-index.ts";
import { DomainError } from "./errors.ts";
import type { BuildIndexInput } from "./job.ts";
import { type Plan, plan } from "./plan.ts";
import { planIndex } from "./plan-index.ts";
import { type PlanDependencies, sweepLeftovers } from "./plan-migration.ts";

/**
 * The first task of a rebuild: claims the next generation and notes the version of the published one to start from.
 * Repeated, it finds its plan.
 * @throws IndexNotFound, IndexNotReady, Conflict, IndexParametersInvalid
 */
export async function planRebuild(
  deps: PlanDependencies,
  job: string,
  input: BuildIndexInput,
): Promise<Plan> {
  const known = await deps.ledger.read(job, "plan", plan);
  if (known) return known;
  const published = publishedOf((await deps.registry.get(input.index)).value);
  deps.buckets.writable(published.bucket);
  const from = { index: input.index, bucket: published.bucket, generation: published.generation };
  const rows = await deps.generations.rowsOf(from);
  planIndex({ type: input.indexType, rows, dimension: published.dimension, asked: input.indexParameters });
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
    target: { idColumn, vectorColumn, dimension, columns, refuseZeroVectors: metric === "cosine" },
    sourceBucket: published.bucket,
    files: [],
    units: [],
    workers: 0,
    published: { ref: from, version: await deps.generations.version(from) },
    claimedAt: claim.since,
  };
  await sweepLeftovers(deps, made);
  await deps.ledger.write(job, "plan", made);
  return made;
}

/** Copies the version that was planned. Repeated, it copies the same files to the same places. */
export async function forkGeneration(
  { generations }: Pick<PlanDependencies, "generations">,
  made: Plan,
): Promise<void> {
  if (made.published?.version) await generations.fork(made.published.ref, made.published.version, made.ref);
}
