import { type DiscardDependencies, discardGeneration } from "./discard-generation.ts";
import { DomainError } from "./errors.ts";
import { getJob, isOver } from "./get-job.ts";
import type { Job } from "./job.ts";
import type { Workflow } from "./ports.ts";

/**
 * Cancels a job: its execution ends, its unfinished generation goes. A job that is over stays as it is; one that
 * published before the cancel came has succeeded.
 * @throws JobNotFound
 */
export async function cancelJob(
  deps: DiscardDependencies & { workflow: Workflow },
  id: string,
): Promise<Job> {
  const record = await deps.ledger.record(id);
  if (!record) throw new DomainError("JobNotFound", `job "${id}" does not exist`);
  const before = await getJob(deps.ledger, deps.workflow, id);
  if (isOver(before.state)) return before;
  const end = await deps.ledger.end(id, "cancelled");
  await deps.workflow.stop(id, record.input.type);
  if (end.state === "cancelled") await discardGeneration(deps, id, record.input.index);
  return getJob(deps.ledger, deps.workflow, id);
}
