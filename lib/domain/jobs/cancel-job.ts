import { DomainError } from "../errors.ts";
import { type DiscardDependencies, discardGeneration } from "./discard-generation.ts";
import { getJob, isOver } from "./get-job.ts";
import { type Job, machineOf } from "./job.ts";
import { refuseNewer } from "./refuse-newer.ts";
import type { Workflow } from "./workflow.ts";

/**
 * Cancels a job: its execution ends, its unfinished generation goes. One that published before the cancel came has
 * succeeded; of one that is over otherwise goes what it may have left, such as its claim after its execution was stopped.
 * @throws JobNotFound, NeedsNewerRelease
 */
export async function cancelJob(
  deps: DiscardDependencies & { workflow: Workflow },
  id: string,
): Promise<Job> {
  const record = await deps.ledger.record(id);
  if (!record) throw new DomainError("JobNotFound", `job "${id}" does not exist`);
  await refuseNewer(deps, id);
  const before = await getJob(deps.ledger, deps.workflow, id);
  if (before.state === "succeeded") return before;
  const end = await deps.ledger.end(id, isOver(before.state) ? "failed" : "cancelled");
  if (end.state === "succeeded" && !isOver(before.state)) return before; // it is being published
  if (!isOver(before.state)) await deps.workflow.stop(id, machineOf(record.input.type));
  await discardGeneration(deps, id, record.input.index);
  return getJob(deps.ledger, deps.workflow, id);
}
