import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { splitTarget } from "../../domain/jobs/export-input.ts";
import { damagedJob, type JobInput, job, jobInput, newerJob } from "../../domain/jobs/job.ts";
import { jobId } from "../../domain/names.ts";
import { common, cursor, idempotent, next, type Operations, page } from "./operation.ts";

const jobCursor = z
  .string()
  .regex(/^\d{13}-[A-Za-z0-9_-]{1,80}$/, "must be the next of the page before")
  .meta(cursor);
const ofJob = z.strictObject({ id: jobId });
const jobSummary = job.pick({
  id: true,
  type: true,
  index: true,
  state: true,
  createdAt: true,
  endedAt: true,
});

/** That it writes to and names. */
function bucketsOf(input: JobInput): string[] {
  if (input.type === "export") return [splitTarget(input.target).bucket];
  return input.type === "migrate" ? [input.bucket] : [];
}

/** Jobs through HTTP. */
export const jobOperations = {
  startJob: {
    ...common,
    method: "post",
    route: "/jobs",
    summary: "Starts a job; with the same Idempotency-Key only once",
    needs: "jobs",
    names: (input: JobInput) => ({
      index: input.index,
      buckets: bucketsOf(input),
    }),
    headers: idempotent,
    body: jobInput,
    maxBodyBytes: limits.maxJobBodyBytes,
    status: 202,
    response: job,
  },
  listJobs: {
    ...common,
    method: "get",
    route: "/jobs",
    summary: "Jobs, newest first",
    needs: "jobs",
    query: page.extend({ cursor: jobCursor.optional() }),
    response: z.strictObject({
      jobs: z.array(z.union([jobSummary.meta({ id: "JobSummary" }), damagedJob, newerJob])),
      next,
    }),
  },
  getJob: {
    ...common,
    method: "get",
    route: "/jobs/{id}",
    summary: "State, progress, timings and error of a job",
    needs: "jobs",
    path: ofJob,
    response: job,
  },
  cancelJob: {
    ...common,
    method: "delete",
    route: "/jobs/{id}",
    summary: "Cancels a job; one that is over stays as it is",
    needs: "jobs",
    path: ofJob,
    response: job,
  },
} satisfies Operations;
