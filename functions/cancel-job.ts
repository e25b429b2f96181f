import { container } from "../lib/container.ts";
import { cancelJob } from "../lib/domain/cancel-job.ts";
import { httpHandler } from "../lib/http/http-handler.ts";

export const handler = httpHandler("cancelJob", container, async ({ path }, deps) => ({
  body: await cancelJob(deps, path.id),
}));
