import { container } from "../lib/container.ts";
import { listJobs } from "../lib/domain/jobs/get-job.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { jobOperations } from "../lib/http/operations/jobs.ts";

export const handler = httpHandler(
  jobOperations,
  "listJobs",
  container,
  async ({ query }, { ledger, workflow }) => ({
    body: await listJobs(ledger, workflow, query),
  }),
);
