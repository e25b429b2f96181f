import type { Plan } from "../jobs/plan.ts";
import { generationNumber } from "../names.ts";
import type { ClaimDependencies } from "./claim-generation.ts";

/**
 * Tables that neither are published, nor still read by somebody, nor ours: left by a job that was killed. Later ones are
 * of a later job, however long ago we looked what is published.
 */
export async function sweepLeftovers(deps: ClaimDependencies, made: Plan): Promise<void> {
  const { index, bucket, generation } = made.ref;
  const entry = await deps.registry.get(index);
  const kept = new Set([entry.value.published?.generation, generation]);
  for (const one of entry.value.retiring) kept.add(one.generation);
  const tables = await deps.generations.list(bucket, index);
  const isEarlier = (table: string) => generationNumber(table) < generationNumber(generation);
  for (const table of tables.filter((name) => !kept.has(name) && isEarlier(name)))
    await deps.generations.drop({ index, bucket, generation: table });
}
