import { container } from "../lib/container.ts";
import { getJob } from "../lib/domain/jobs/get-job.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { jobOperations } from "../lib/http/operations/jobs.ts";

export const handler = httpHandler(
  jobOperations,
  "getJob",
  container,
  async ({ path }, { ledger, workflow }) => ({
    body: await getJob(ledger, workflow, path.id),
  }),
);
