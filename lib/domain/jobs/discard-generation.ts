import { DomainError } from "../errors.ts";
import type { Generations } from "../index/generations.ts";
import type { Claim, IndexEntry } from "../index/index-entry.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import type { Stores } from "../object-store.ts";
import { discardExport } from "./discard-export.ts";
import type { JobLedger } from "./job-ledger.ts";
import { plan } from "./plan.ts";

export interface DiscardDependencies {
  registry: IndexRegistry;
  ledger: JobLedger;
  generations: Generations;
  stores: Stores;
}

/**
 * Removes what a job that will not publish has built or exported, and gives its claim back. The published generation is not
 * touched. May be repeated; does nothing for a job that holds no claim.
 */
export async function discardGeneration(
  deps: DiscardDependencies,
  job: string,
  index: string,
): Promise<void> {
  await discardExport(deps, job);
  const entry = await deps.registry.read(index);
  const claim = entry?.value.claim;
  if (!entry || claim?.job !== job) return;
  const lost = await loseClaim(deps.registry, index, job);
  if (!lost) return; // it was published, or discarded, since we looked
  await deps.generations.drop({ index, bucket: lost.bucket, generation: lost.generation });
  await releaseClaim(deps.registry, index, job);
}

/**
 * The same for a task that ends after its job: what it wrote since the discard goes. A generation's number is never
 * used again, so this cannot meet another job's rows.
 */
export async function discardIfEnded(
  deps: Omit<DiscardDependencies, "registry">,
  job: string,
): Promise<void> {
  const end = await deps.ledger.ended(job);
  if (!end || end.state === "succeeded") return;
  await discardExport(deps, job);
  const made = await deps.ledger.read(job, "plan", plan);
  if (made) await deps.generations.drop(made.ref);
}

/**
 * Removes what a job has built before anything says that it ended: its disk is too full to say so. Only while the job
 * holds the claim and does not publish, and none of its tasks is running.
 */
export async function dropDraft(deps: DiscardDependencies, job: string, index: string): Promise<void> {
  const claim = (await deps.registry.read(index))?.value.claim;
  const end = await deps.ledger.ended(job);
  if (claim?.job !== job || claim.publishing || end?.state === "succeeded") return;
  await deps.generations.drop({ index, bucket: claim.bucket, generation: claim.generation });
}

/** From here on the job cannot publish, whatever of it still runs. @returns undefined when it has no claim to lose */
async function loseClaim(registry: IndexRegistry, index: string, job: string): Promise<Claim | undefined> {
  const entry = await changeClaim(registry, index, job, (claim) => ({ claim: { ...claim, lost: true } }));
  return entry?.claim?.job === job ? entry.claim : undefined;
}

/** Tables first, claim last: as long as the claim stands, nobody else builds here. */
export async function releaseClaim(registry: IndexRegistry, index: string, job: string): Promise<void> {
  await changeClaim(registry, index, job, (_, { published }) => ({
    claim: null,
    lastJob: job,
    state: published ? "ready" : "dropped",
  }));
}

async function changeClaim(
  registry: IndexRegistry,
  index: string,
  job: string,
  change: (claim: Claim, entry: IndexEntry) => Partial<IndexEntry>,
): Promise<IndexEntry | undefined> {
  try {
    const { value } = await registry.update(index, (entry) =>
      entry.claim?.job === job ? change(entry.claim, entry) : undefined,
    );
    return value;
  } catch (error) {
    if (!(error instanceof DomainError && error.kind === "IndexNotFound")) throw error;
    return undefined;
  }
}
