import type { WritePermit } from "../index/generations.ts";
import type { Publication } from "../index/index-entry.ts";
import type { IndexUpkeep, Plan } from "../jobs/plan.ts";
import type { IndexPlan } from "../plan/plan-index.ts";
import { askedOf, keptIndex, withReason } from "../plan/plan-optimize.ts";
import { type BuildDependencies, buildGeneration } from "./build-generation.ts";

/**
 * Does to a fork of the published generation what was decided of its vector index. Repeated, it does it again: folding
 * finds nothing left to fold, building builds again.
 * @throws IndexParametersInvalid
 */
export async function optimizeGeneration(
  deps: BuildDependencies,
  plan: Plan,
  published: Publication,
  { way, why, missed }: IndexUpkeep & { missed: string[] },
  permit: WritePermit,
): Promise<IndexPlan> {
  if (way === "rebuild") return rebuilt(deps, plan, published, { why, missed }, permit);
  if (way === "fold") await deps.builds.optimize(plan.ref, permit); // never to keep one: it joins partitions all the same
  await deps.builds.buildScalarIndex(plan.ref, plan.target.idColumn, permit);
  await deps.builds.buildTextIndexes(plan.ref, plan.fullText, permit);
  return withReason(keptIndex(published), `${way === "fold" ? "folded" : "kept"}, ${why}`);
}

/** Without the vector index fragments are joined sooner, and none of its partitions are. */
async function rebuilt(
  deps: BuildDependencies,
  plan: Plan,
  published: Publication,
  { why, missed }: { why: string; missed: string[] },
  permit: WritePermit,
): Promise<IndexPlan> {
  await deps.builds.dropVectorIndex(plan.ref, plan.target.vectorColumn, permit);
  await deps.builds.optimize(plan.ref, permit);
  const made = await buildGeneration(deps, plan, { ...askedOf(published), missed }, published.metric, permit);
  return withReason(made, `built again, ${why}`);
}
