import { discardGeneration } from "./discard-generation.ts";
import { DomainError } from "./errors.ts";
import type { IndexEntry } from "./index-entry.ts";
import type { IndexRegistry, Versioned } from "./index-registry.ts";
import type { JobLedger } from "./job-ledger.ts";
import type { Clock, Generations, Workflow } from "./ports.ts";

export interface ClaimDependencies {
  registry: IndexRegistry;
  ledger: JobLedger;
  generations: Generations;
  workflow: Workflow;
  clock: Clock;
}

/**
 * Makes this job the only one that builds the next generation of an index. A claim whose job is over (its clean-up did
 * not get that far) is cleaned up and taken. Repeated by the same job it gives the same claim.
 * @throws Conflict naming the job that holds it
 */
export async function claimGeneration(deps: ClaimDependencies, job: string, index: string, bucket: string) {
  const entry = await entryToClaim(deps, index);
  const held = entry.value.claim;
  if (held?.job === job) return held;
  if (held) {
    await freeIfOver(deps, held.job, index);
    return claimFree(deps, await entryToClaim(deps, index), job, bucket);
  }
  return claimFree(deps, entry, job, bucket);
}

async function entryToClaim({ registry }: ClaimDependencies, index: string): Promise<Versioned<IndexEntry>> {
  return (await registry.read(index)) ?? registry.create(index, {});
}

async function claimFree(deps: ClaimDependencies, entry: Versioned<IndexEntry>, job: string, bucket: string) {
  if (entry.value.claim) throw takenBy(entry.value.claim.job, entry.value.name);
  const lastGeneration = entry.value.lastGeneration + 1;
  const since = new Date(deps.clock.now()).toISOString();
  const claim = { job, generation: `g${lastGeneration}`, bucket, since };
  const state = entry.value.state === "dropped" ? "building" : entry.value.state;
  await deps.registry.replace(entry, { claim, lastGeneration, state });
  return claim;
}

async function freeIfOver(deps: ClaimDependencies, holder: string, index: string): Promise<void> {
  const execution = await deps.workflow.describe(holder);
  if (execution?.status === "running") throw takenBy(holder, index);
  await discardGeneration(deps, holder, index);
}

function takenBy(job: string, index: string): DomainError {
  return new DomainError("Conflict", `job ${job} is already building index "${index}"`);
}
