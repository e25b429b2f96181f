import { z } from "zod";
import { column, type GenerationRef, generationRef } from "./index-entry.ts";
import type { TargetSchema, Unit } from "./ports.ts";

const unit = z.object({
  id: z.int(),
  file: z.int(),
  rowGroups: z.array(z.object({ index: z.int(), rows: z.int() })),
  rows: z.int(),
}) satisfies z.ZodType<Unit>;

const target = z.object({
  idColumn: z.string(),
  vectorColumn: z.string(),
  dimension: z.int(),
  columns: z.array(column),
  refuseZeroVectors: z.boolean(),
}) satisfies z.ZodType<TargetSchema>;

/** What a job will do, written once by its first task and read by all the others. */
export const plan = z.object({
  ref: generationRef,
  generation: z.string(),
  rows: z.int(),
  target,
  sourceBucket: z.string(),
  files: z.array(z.string()),
  units: z.array(unit),
  workers: z.int(),
  /** Of a rebuild: the version of the published generation it starts from. */
  from: z.object({ ref: generationRef, version: z.int() }).nullable(),
  claimedAt: z.string(),
});
export type Plan = z.infer<typeof plan>;

/** The table that workers load into; the generation proper is a fork of one version of it. */
export function stagingOf(ref: GenerationRef): GenerationRef {
  return { ...ref, generation: `${ref.generation}-load` };
}

/** The units of one worker: every n-th, so that all workers read files in order. */
export function unitsOf(whole: Plan, worker: number): Unit[] {
  return whole.units.filter((one) => one.id % whole.workers === worker);
}

/** Units that a count found missing or doubled, to be loaded again. */
export const redoList = z.object({ units: z.array(z.int()) });
export const sealRounds = z.object({ rounds: z.int() });
