import { z } from "zod";
import { jobId } from "../names.ts";
import { jobInput, phaseName } from "./job.ts";

/** What the ledger stores of a job beside its plan; what is shown of all of it is another schema. */
export const jobRecord = z.object({ id: jobId, input: jobInput, createdAt: z.string() });
export type JobRecord = z.infer<typeof jobRecord>;

export const jobEnd = z.object({ state: z.enum(["succeeded", "cancelled", "failed"]), at: z.string() });
export type JobEnd = z.infer<typeof jobEnd>;

/** How far a phase is, or one worker of it. */
export const phase = z.object({
  name: phaseName,
  state: z.enum(["running", "done"]),
  startedAt: z.string(),
  ms: z.number(),
  rows: z.int().optional(),
  units: z.int().optional(),
  /** What builds before 0.1.0 called units. */
  chunks: z.int().optional(),
});
export type Phase = Omit<z.infer<typeof phase>, "chunks">;

/** A phase as it is written today. */
export function phaseOf({ chunks, ...stored }: z.infer<typeof phase>): Phase {
  return chunks === undefined ? stored : { units: chunks, ...stored };
}

export const jobFailure = z.object({
  code: z.string(),
  message: z.string(),
  phase: z.string().optional(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type JobFailure = z.infer<typeof jobFailure>;

export const skippedRows = z.object({
  rows: z.int(),
  first: z.array(z.object({ place: z.string(), reason: z.string() })),
});

/** Units that a count found missing or doubled, to be loaded again. */
export const redoList = z.object({ units: z.array(z.int()) });
export const sealRounds = z.object({ rounds: z.int() });
