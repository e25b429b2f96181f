import type { AskedIndex, Metric } from "./index-entry.ts";
import type { Plan } from "./plan.ts";
import { type IndexPlan, planIndex } from "./plan-index.ts";
import type { Generations, WritePermit } from "./ports.ts";

/**
 * Builds the vector index as planned and the scalar indexes on the id column (without it a fetch scans the table)
 * and on those that the plan names; another column that had one already keeps it.
 * Repeated, it builds again and replaces.
 * @throws IndexParametersInvalid
 */
export async function buildGeneration(
  generations: Generations,
  plan: Plan,
  { indexType, indexParameters }: Pick<AskedIndex, "indexType" | "indexParameters">,
  metric: Metric,
  permit: WritePermit,
): Promise<IndexPlan> {
  const rows = await generations.rowsOf(plan.ref);
  const { dimension, vectorColumn, idColumn } = plan.target;
  const made = planIndex({ type: indexType, rows, dimension, asked: indexParameters });
  for (const column of new Set([idColumn, ...plan.filterColumns]))
    await generations.buildScalarIndex(plan.ref, column, permit);
  if (made.type === "EXACT") await generations.dropVectorIndex(plan.ref, vectorColumn, permit);
  else await generations.buildVectorIndex(plan.ref, vectorColumn, made.type, metric, made.parameters, permit);
  return made;
}
