import { container } from "../lib/container.ts";
import { cancelJob } from "../lib/domain/jobs/cancel-job.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { jobOperations } from "../lib/http/operations/jobs.ts";

export const handler = httpHandler(jobOperations, "cancelJob", container, async ({ path }, deps) => ({
  body: await cancelJob(deps, path.id),
}));
