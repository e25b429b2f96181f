import { limits } from "../../config/limits.ts";
import type { Clock } from "../task-context.ts";
import { jobInput } from "./job.ts";
import { type JobDependencies, startJob } from "./start-job.ts";

/**
 * Starts a job that takes in what was written to a generation: one in ten minutes, however many ask.
 * @throws Conflict while another job builds it, what `startJob` throws
 */
export async function startUpkeep(
  deps: JobDependencies & { clock: Clock },
  index: string,
  generation: string,
): Promise<void> {
  const window = Math.floor(deps.clock.now() / limits.upkeepAgainMs).toString(36);
  await startJob(deps, `up-${index}-${generation}-${window}`, jobInput.parse({ type: "optimize", index }));
}
