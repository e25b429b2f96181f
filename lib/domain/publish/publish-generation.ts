import { limits } from "../../config/limits.ts";
import { recover, type WriteDependencies } from "../documents/write-turn.ts";
import { DomainError } from "../errors.ts";
import { servedUntil } from "../index/change-index.ts";
import type { Generations } from "../index/generations.ts";
import type { Claim, IndexEntry, Publication } from "../index/index-entry.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import { noLongerHeld, wasPublished } from "../index/write-permit.ts";
import type { OnWrites } from "../jobs/job.ts";
import type { JobLedger } from "../jobs/job-ledger.ts";
import { type Plan, plan } from "../jobs/plan.ts";
import type { Clock } from "../task-context.ts";

export interface PublishDependencies extends Pick<WriteDependencies, "turns" | "documents" | "receipts"> {
  registry: IndexRegistry;
  ledger: JobLedger;
  generations: Generations;
  clock: Clock;
}

/**
 * Publishes with one conditional PUT: readers see the old generation or the new one, never both or neither. First no task
 * of the job may write any more, and the very version that was verified is fenced. What was written to the old generation
 * while the job built it anew is carried over in rounds; the last of them, and the PUT, while nobody writes: then whatever
 * was acknowledged is in what is published. Repeated after its own success it changes nothing.
 * @throws JobCancelled, Conflict, TooBusy
 */
export async function publishGeneration(
  deps: PublishDependencies,
  job: string,
  made: Plan,
  onWrites: OnWrites,
  publication: UncountedPublication,
): Promise<void> {
  const { registry, generations } = deps;
  const { ref } = made;
  if (wasPublished((await registry.get(ref.index)).value, ref.generation)) return;
  if (onWrites === "conflict") await refuseIfWrittenTo(deps, made);
  const attempt: Attempt = { job, id: crypto.randomUUID() };
  await registry.update(ref.index, (entry) => closed(entry, attempt, made));
  const permit = async () => void claimIn((await registry.get(ref.index)).value, attempt);
  const verified = publication.recall.version ?? (await generations.version(ref));
  const version = await generations.fence(ref, verified, permit);
  const fenced = { ...publication, recall: { ...publication.recall, version } };
  await publishFenced(deps, { attempt, made, onWrites, publication: fenced, permit });
}

/** Its rows are counted when what was written meanwhile is in it; then its version is told, too. */
type UncountedPublication = Omit<Publication, "rows" | "version" | "job">;

/** A publication that is ready but for what was written meanwhile. */
interface Fenced {
  attempt: Attempt;
  made: Plan;
  onWrites: OnWrites;
  publication: UncountedPublication;
  permit: () => Promise<void>;
}

async function publishFenced(deps: PublishDependencies, fenced: Fenced): Promise<void> {
  const { index } = fenced.made.ref;
  const made = await carriedBeforehand(deps, fenced);
  await deps.turns.during(
    index,
    undefined,
    limits.publishWaitMs,
    async ({ abandoned, recovered, permit }) => {
      const before = (await deps.registry.get(index)).value.published;
      if (before && abandoned) await recover(deps, { index, ...before }, abandoned, permit);
      if (abandoned) await recovered();
      const replaced = await replacedBy(deps, { ...fenced, made });
      await publishInTurn(deps, fenced.attempt, replaced, fenced.publication);
    },
  );
}

/** In rounds, until few enough rows are left to keep writers waiting for. */
async function carriedBeforehand(deps: PublishDependencies, fenced: Fenced): Promise<Plan> {
  let { made } = fenced;
  if (fenced.onWrites !== "keep") return made;
  for (let round = 1; round <= limits.carryRounds; round++) {
    const { plan, rows } = await carried(deps, { ...fenced, made });
    made = plan;
    if (rows <= limits.carriedInTurn) break;
  }
  return made;
}

/**
 * While nobody writes.
 * @returns the plan, as if the job had begun with all that is replaced now
 * @throws Conflict where what was written would be lost, and nobody said that it may
 */
async function replacedBy(deps: PublishDependencies, fenced: Fenced): Promise<Plan> {
  const { made, onWrites } = fenced;
  if (onWrites === "keep") return (await carried(deps, fenced)).plan;
  if (onWrites === "conflict") await refuseIfWrittenTo(deps, made);
  if (onWrites === "conflict" || !made.published) return made;
  const version = await deps.generations.versionIfThere(made.published.ref);
  return { ...made, published: { ...made.published, version: version ?? made.published.version } };
}

/** The end is recorded first, so that a cancel either comes before and wins, or after and finds the job succeeded. */
async function publishInTurn(
  { registry, ledger, generations, clock }: PublishDependencies,
  attempt: Attempt,
  made: Plan,
  publication: UncountedPublication,
): Promise<void> {
  const end = await ledger.end(attempt.job, "succeeded");
  if (end.state !== "succeeded") await ledger.refuseEnded(attempt.job);
  const counted = await generations.counted(made.ref);
  const { job } = attempt;
  await registry.update(made.ref.index, (entry) =>
    published(entry, attempt, made, { ...publication, ...counted, job }, clock.now()),
  );
}

/**
 * Does to the new generation what was done to the one that it takes the place of since the job began.
 * @returns the plan, as if the job had begun with that, and how many rows it took
 * @throws Conflict where that cannot be told, or is too much
 */
async function carried(
  deps: PublishDependencies,
  { made, publication, permit }: Omit<Fenced, "onWrites">,
): Promise<{ plan: Plan; rows: number }> {
  if (!made.published || made.published.version === null) return { plan: made, rows: 0 };
  const { ref: from, version: since } = made.published;
  const { version, rows } = await deps.documents.carry({ ...publication, from, since, to: made.ref, permit });
  return { plan: { ...made, published: { ref: from, version } }, rows };
}

/** Whether a job has published: its generation is served, or was. */
export async function hasPublished(
  { registry, ledger }: Pick<PublishDependencies, "registry" | "ledger">,
  job: string,
): Promise<boolean> {
  const made = await ledger.read(job, "plan", plan);
  if (!made) return false;
  const entry = await registry.read(made.ref.index);
  return entry !== undefined && wasPublished(entry.value, made.generation);
}

/** One of several that may publish at the same time, where one was thought dead: the last that begins does. */
interface Attempt {
  job: string;
  id: string;
}

function closed(entry: IndexEntry, { job, id }: Attempt, made: Plan): Partial<IndexEntry> | undefined {
  if (wasPublished(entry, made.generation)) return undefined;
  if (entry.claim?.job !== job || entry.claim.lost) throw noLongerHeld(job, entry.name);
  return { claim: { ...entry.claim, publishing: id } };
}

function claimIn(entry: IndexEntry, { job, id }: Attempt): Claim {
  const { claim } = entry;
  if (claim?.job !== job || claim.lost || claim.publishing !== id) throw noLongerHeld(job, entry.name);
  return claim;
}

function published(
  entry: IndexEntry,
  attempt: Attempt,
  made: Plan,
  publication: Publication,
  now: number,
): Partial<IndexEntry> | undefined {
  if (wasPublished(entry, made.generation)) return undefined;
  claimIn(entry, attempt);
  const before = entry.published;
  const retired = before && {
    generation: before.generation,
    bucket: before.bucket,
    since: publication.publishedAt,
    version: made.published?.version ?? null,
    ...historyOf(before),
    writtenTo: false,
    servedUntil: servedUntil(entry, now),
  };
  return {
    state: "ready",
    published: publication,
    claim: null,
    ...(publication.rows > 0 ? { infersColumns: undefined } : {}),
    retiring: [...entry.retiring, ...(retired ? [retired] : [])],
    lastJob: attempt.job,
  };
}

/** What is told of its versions when it is published no more. */
function historyOf({ version, publishedAt, job }: Publication) {
  if (version === undefined) return {};
  return { publishedAt, publishedVersion: version, ...(job === undefined ? {} : { job }) };
}

/** Rows that were written to the published generation since the job began would be lost with it. */
async function refuseIfWrittenTo({ generations }: PublishDependencies, made: Plan): Promise<void> {
  if (!made.published) return;
  const version = await generations.versionIfThere(made.published.ref);
  if (version !== null && version !== made.published.version)
    throw new DomainError(
      "Conflict",
      `index "${made.ref.index}" was written to after the job began (version ${made.published.version} became ${version}), and those rows would be lost; start the job again to replace them, too, or with onWrites: "keep" or "discard"`,
    );
}

/**
 * Removes generations that were replaced long enough ago that no reader has them open. One that somebody wrote to after
 * it was replaced stays, and says so: those rows are nowhere else. (A lower version is what a removal that was cut short has left.)
 * @param afterMs how long a replaced generation stays, beyond what its index's own window allows
 * @returns how many are still waiting
 */
export async function retireGenerations(
  { registry, generations, clock }: Pick<PublishDependencies, "registry" | "generations" | "clock">,
  index: string,
  afterMs: number,
): Promise<number> {
  const entry = await registry.read(index);
  if (!entry || entry.value.state === "dropped") return 0;
  const due = entry.value.retiring.filter(
    (one) => !one.writtenTo && clock.now() - Date.parse(one.servedUntil ?? one.since) >= afterMs,
  );
  if (due.length === 0) return entry.value.retiring.filter(({ writtenTo }) => !writtenTo).length;
  const gone = new Set<string>();
  const written = new Set<string>();
  for (const { bucket, generation, version } of due) {
    const ref = { index, bucket, generation };
    const isWritten = version !== null && ((await generations.versionIfThere(ref)) ?? version) > version;
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
