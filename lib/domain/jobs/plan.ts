import { z } from "zod";
import { chosenColumns, column, generationRef, indexEmbedding } from "../index/index-entry.ts";
import type { PlannedFile, TargetSchema, Unit } from "../source/parquet-source.ts";
import { textIndex } from "../text/full-text.ts";

const unit = z.object({
  id: z.int(),
  file: z.int(),
  rowGroups: z.array(z.object({ index: z.int(), rows: z.int() })),
  firstRow: z.int(),
  rows: z.int(),
}) satisfies z.ZodType<Unit>;

const target = z.object({
  idColumn: z.string(),
  vectorColumn: z.string(),
  dimension: z.int(),
  columns: z.array(column),
  refuseZeroVectors: z.boolean(),
  partitionBase: z.string().optional(),
  skipBadVectors: z.boolean().optional(),
  embedding: indexEmbedding.optional(),
}) satisfies z.ZodType<TargetSchema>;

/** What becomes of the vector index: it is as it should be, LanceDB folds new rows into it, or it is built again. */
export const indexUpkeep = z.object({ way: z.enum(["keep", "fold", "rebuild"]), why: z.string() });
export type IndexUpkeep = z.infer<typeof indexUpkeep>;

/** What a job will do, written once by its first task and read by all the others. */
export const plan = z.object({
  ref: generationRef,
  generation: z.string(),
  rows: z.int(),
  target,
  chosenColumns: chosenColumns.optional(),
  sourceBucket: z.string(),
  files: z.array(z.string()),
  /** What each of them was; plans of before did not say. */
  seen: z.array(z.object({ bytes: z.int(), identity: z.string() })).optional(),
  units: z.array(unit),
  /** What whoever started the job should know of how its source was taken. */
  notes: z.array(z.string()).default([]),
  workers: z.int(),
  /** That get scalar indexes, beside the id column. */
  filterColumns: z.array(z.string()).default([]),
  /** Of these, those that no job named: they do without where they cannot have one. */
  unaskedFilterColumns: z.array(z.string()).default([]),
  /** That get full-text indexes. */
  fullText: z.array(textIndex).default([]),
  /** What is published when the job begins: a rebuild copies it, and either job replaces this version and no later one. */
  published: z.object({ ref: generationRef, version: z.int().nullable() }).nullable(),
  claimedAt: z.string(),
  /** Of an optimization: what becomes of the vector index, unless it turns out not to reach the target. */
  upkeep: indexUpkeep.optional(),
});
export type Plan = z.infer<typeof plan>;

/** The files of the source as they were when it was planned. */
export function plannedFiles({ files, seen }: Pick<Plan, "files" | "seen">): PlannedFile[] {
  return files.map((key, i) => ({ key, ...seen?.[i] }));
}

/** The units of one worker: a run of them, since a row group that was cut is decoded from its start. */
export function unitsOf({ units, workers }: Pick<Plan, "units" | "workers">, worker: number): Unit[] {
  const share = (before: number) => Math.round((before * units.length) / workers);
  return units.slice(share(worker), share(worker + 1));
}
