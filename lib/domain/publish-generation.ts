import { DomainError } from "./errors.ts";
import type { IndexEntry, Publication } from "./index-entry.ts";
import type { IndexRegistry } from "./index-registry.ts";
import type { JobLedger } from "./job-ledger.ts";
import type { Plan } from "./plan.ts";
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
  await refuseIfWrittenTo(deps, plan);
  const end = await deps.ledger.end(job, "succeeded");
  if (end.state !== "succeeded") await deps.ledger.refuseEnded(job);
  await deps.registry.update(plan.ref.index, (entry) => published(entry, job, plan, publication));
}

function published(
  entry: IndexEntry,
  job: string,
  plan: Plan,
  publication: Publication,
): Partial<IndexEntry> | undefined {
  if (entry.published?.generation === plan.generation) return undefined;
  if (entry.claim?.job !== job || entry.claim.lost)
    throw new DomainError("Conflict", `job ${job} no longer holds index "${entry.name}"`);
  const before = entry.published;
  const since = publication.publishedAt;
  const version = plan.published?.version ?? null;
  const retired = before
    ? [{ generation: before.generation, bucket: before.bucket, since, version, writtenTo: false }]
    : [];
  return {
    state: "ready",
    published: publication,
    claim: null,
    retiring: [...entry.retiring, ...retired],
    lastJob: job,
  };
}

/** Rows that were written to the published generation since the job began would be lost with it. */
async function refuseIfWrittenTo({ registry, generations }: PublishDependencies, plan: Plan): Promise<void> {
  const { published } = (await registry.get(plan.ref.index)).value;
  if (!plan.published || published?.generation === plan.generation) return;
  const version = await generations.versionIfThere(plan.published.ref);
  if (version !== null && version !== plan.published.version)
    throw new DomainError(
      "Conflict",
      `index "${plan.ref.index}" was written to after the job began (version ${plan.published.version} became ${version}), and those rows would be lost; start the job again to replace them, too`,
    );
}

/**
 * Removes generations that were replaced long enough ago that no reader has them open. One that somebody wrote to after
 * it was replaced stays, and says so: those rows are nowhere else.
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
  const due = entry.value.retiring.filter(
    ({ since, writtenTo }) => !writtenTo && clock.now() - Date.parse(since) >= afterMs,
  );
  if (due.length === 0) return entry.value.retiring.filter(({ writtenTo }) => !writtenTo).length;
  const gone = new Set<string>();
  const written = new Set<string>();
  for (const { bucket, generation, version } of due) {
    const ref = { index, bucket, generation };
    const isWritten = version !== null && ((await generations.versionIfThere(ref)) ?? version) !== version;
    if (!isWritten) await generations.drop(ref);
    (isWritten ? written : gone).add(generation);
  }
  const after = await registry.update(index, ({ retiring }) => ({
    retiring: retiring
      .filter(({ generation }) => !gone.has(generation))
      .map((one) => ({ ...one, writtenTo: one.writtenTo || written.has(one.generation) })),
  }));
  return after.value.retiring.filter(({ writtenTo }) => !writtenTo).length;
}
