import { DomainError } from "./errors.ts";
import type { IndexEntry, Publication } from "./index-entry.ts";
import type { IndexRegistry } from "./index-registry.ts";
import type { JobLedger } from "./job-ledger.ts";
import type { Plan } from "./plan.ts";
import { stagingOf } from "./plan.ts";
import type { Clock, Generations } from "./ports.ts";

export interface PublishDependencies {
  registry: IndexRegistry;
  ledger: JobLedger;
  generations: Generations;
  clock: Clock;
}

/**
 * Publishes with one conditional PUT: readers see the old generation or the new one, never both or neither.
 * The end is recorded first, so that a cancel either comes before and wins, or after and finds the job succeeded.
 * Repeated after its own success it changes nothing.
 * @throws JobCancelled, Conflict
 */
export async function publishGeneration(
  deps: PublishDependencies,
  job: string,
  plan: Plan,
  publication: Publication,
): Promise<void> {
  await refuseIfSourceMoved(deps, plan);
  const end = await deps.ledger.end(job, "succeeded");
  if (end.state !== "succeeded") await deps.ledger.refuseEnded(job);
  await deps.registry.update(plan.ref.index, (entry) => published(entry, job, plan, publication));
  await deps.generations.drop(stagingOf(plan.ref));
}

function published(
  entry: IndexEntry,
  job: string,
  plan: Plan,
  publication: Publication,
): Partial<IndexEntry> | undefined {
  if (entry.published?.generation === plan.generation) return undefined;
  if (entry.claim?.job !== job)
    throw new DomainError("Conflict", `job ${job} no longer holds index "${entry.name}"`);
  const before = entry.published;
  const since = publication.publishedAt;
  const retired = before ? [{ generation: before.generation, bucket: before.bucket, since }] : [];
  return {
    state: "ready",
    published: publication,
    claim: null,
    retiring: [...entry.retiring, ...retired],
    lastJob: job,
  };
}

/** Rows that were written to the published generation while it was rebuilt are not in the new one. */
async function refuseIfSourceMoved(
  { registry, generations }: PublishDependencies,
  plan: Plan,
): Promise<void> {
  if (!plan.from) return;
  const entry = await registry.get(plan.ref.index);
  if (entry.value.published?.generation === plan.generation) return;
  const version = await generations.version(plan.from.ref);
  if (version !== plan.from.version)
    throw new DomainError(
      "Conflict",
      `index "${plan.ref.index}" was written to while it was rebuilt (version ${plan.from.version} became ${version}); start the job again`,
    );
}

/**
 * Removes generations that were replaced long enough ago that no reader has them open.
 * @param afterMs how long a replaced generation stays
 * @returns how many are still waiting
 */
export async function retireGenerations(
  { registry, generations, clock }: Omit<PublishDependencies, "ledger">,
  index: string,
  afterMs: number,
): Promise<number> {
  const entry = await registry.read(index);
  if (!entry || entry.value.state === "dropped") return 0;
  const due = entry.value.retiring.filter(({ since }) => clock.now() - Date.parse(since) >= afterMs);
  for (const { bucket, generation } of due) await generations.drop({ index, bucket, generation });
  if (due.length === 0) return entry.value.retiring.length;
  const gone = new Set(due.map(({ generation }) => generation));
  const after = await registry.update(index, ({ retiring }) => ({
    retiring: retiring.filter(({ generation }) => !gone.has(generation)),
  }));
  return after.value.retiring.length;
}
