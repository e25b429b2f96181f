import { DomainError } from "../errors.ts";
import type { Generations } from "../index/generations.ts";
import { anew, type Claim, type IndexEntry } from "../index/index-entry.ts";
import type { IndexRegistry, Versioned } from "../index/index-registry.ts";
import { discardGeneration } from "../jobs/discard-generation.ts";
import { executionOf } from "../jobs/get-job.ts";
import type { JobLedger } from "../jobs/job-ledger.ts";
import type { Workflow } from "../jobs/workflow.ts";
import type { Stores } from "../object-store.ts";
import type { Clock } from "../task-context.ts";
import { unlessRaced } from "../unless-raced.ts";

export interface ClaimDependencies {
  registry: IndexRegistry;
  ledger: JobLedger;
  generations: Generations;
  workflow: Workflow;
  clock: Clock;
  stores: Stores;
}

/**
 * Makes this job the only one that builds the next generation of an index. A claim whose job is over (its clean-up did
 * not get that far) is cleaned up and taken. Repeated by the same job it gives the same claim.
 * @throws Conflict naming the job that holds it, NeedsNewerRelease where a newer release may go on with that
 */
export async function claimGeneration(
  deps: ClaimDependencies,
  job: string,
  index: string,
  bucket: string,
): Promise<Claim> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const entry = await entryToClaim(deps, index);
    const held = entry?.value.claim;
    if (held?.job === job) return held;
    if (held) await freeIfOver(deps, held.job, index);
    const claim = entry && !held && (await claimFree(deps, entry, job, bucket));
    if (claim) return claim;
  }
  throw new DomainError("Conflict", `index "${index}" is changed by others all the time`);
}

const maxAttempts = 20;

async function entryToClaim({ registry }: ClaimDependencies, index: string) {
  return (await registry.read(index)) ?? (await unlessRaced(() => registry.create(index, {})));
}

/** @returns undefined when the entry was changed since; the change may be this claim, its acknowledgement lost */
async function claimFree(
  deps: ClaimDependencies,
  entry: Versioned<IndexEntry>,
  job: string,
  bucket: string,
): Promise<Claim | undefined> {
  const lastGeneration = entry.value.lastGeneration + 1;
  const since = new Date(deps.clock.now()).toISOString();
  const claim = { job, generation: `g${lastGeneration}`, bucket, since };
  const changes = { claim, lastGeneration, ...(entry.value.state === "dropped" ? anew : {}) };
  return (await unlessRaced(() => deps.registry.replace(entry, changes))) && claim;
}

/** Its tasks may still run somewhere: told that the job is over, they stop and remove what they wrote. */
async function freeIfOver(deps: ClaimDependencies, holder: string, index: string): Promise<void> {
  const execution = await executionOf(deps.ledger, deps.workflow, holder);
  if (execution?.status === "running") throw takenBy(holder, index);
  await deps.ledger.refuseNewer(holder);
  await deps.ledger.end(holder, execution?.status === "cancelled" ? "cancelled" : "failed");
  await discardGeneration(deps, holder, index);
}

function takenBy(job: string, index: string): DomainError {
  return new DomainError("Conflict", `job ${job} holds index "${index}"`);
}
