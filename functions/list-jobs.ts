import { container } from "../lib/container.ts";
import { listJobs } from "../lib/domain/get-job.ts";
import { httpHandler } from "../lib/http/http-handler.ts";

export const handler = httpHandler("listJobs", container, async ({ query }, { ledger, workflow }) => ({
  body: await listJobs(ledger, workflow, query),
}));
