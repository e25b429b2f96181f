import { container } from "../lib/container.ts";
import { getJob } from "../lib/domain/jobs/get-job.ts";
import { startJob } from "../lib/domain/jobs/start-job.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { jobIdFor } from "../lib/http/job-id.ts";
import { jobOperations } from "../lib/http/operations/jobs.ts";

export const handler = httpHandler(jobOperations, "startJob", container, async ({ body, headers }, deps) => {
  const id = jobIdFor(headers["idempotency-key"]);
  await startJob(deps, id, body);
  return { body: await getJob(deps.ledger, deps.workflow, id), headers: { location: `/jobs/${id}` } };
});
