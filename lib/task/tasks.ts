import { z } from "zod";
import { buildGeneration } from "../domain/build/build-generation.ts";
import type { Builds } from "../domain/build/builds.ts";
import { plansInTurn } from "../domain/build/finer-index.ts";
import { forkGeneration } from "../domain/build/fork-generation.ts";
import { isMissed, missedTries, noteMissed, whatWasReached } from "../domain/build/missed-recall.ts";
import { optimizeGeneration } from "../domain/build/optimize-generation.ts";
import { DomainError } from "../domain/errors.ts";
import {
  type AskedIndex,
  indexParameters,
  type Metric,
  type Publication,
  publication,
  servedIndexType,
} from "../domain/index/index-entry.ts";
import { publishedOf } from "../domain/index/published.ts";
import { writePermit } from "../domain/index/write-permit.ts";
import { discardGeneration } from "../domain/jobs/discard-generation.ts";
import type { JobInput, PhaseName } from "../domain/jobs/job.ts";
import { skippedRows } from "../domain/jobs/job-documents.ts";
import { type IndexUpkeep, indexUpkeep, type Plan, plan } from "../domain/jobs/plan.ts";
import { loadUnits } from "../domain/load/load-units.ts";
import { sealLoad } from "../domain/load/seal-load.ts";
import { type PlanDependencies, planMigration } from "../domain/plan/plan-migration.ts";
import { askedOf } from "../domain/plan/plan-optimize.ts";
import { planRebuild } from "../domain/plan/plan-rebuild.ts";
import { hasPublished, publishGeneration, retireGenerations } from "../domain/publish/publish-generation.ts";
import type { Probes } from "../domain/recall/recall-probe.ts";
import { verifyGeneration } from "../domain/recall/verify-generation.ts";
import { keepingUnknown } from "../domain/stored/unknown-fields.ts";
import type { TaskContext } from "../domain/task-context.ts";

export interface TaskDependencies extends PlanDependencies {
  builds: Builds;
  probes: Probes;
  retireAfterMs: number;
  /** How long one call of a task may go on before it hands over, where that is less than its function's timeout. */
  taskTimeLimitMs?: number;
}

/** What every task is given: the job, its input as parsed, and the rest of its payload. */
export interface TaskCall {
  deps: TaskDependencies;
  jobId: string;
  input: JobInput;
  payload: Record<string, unknown>;
  context: TaskContext;
}

/** One task of the state machines. */
export interface Task {
  /** The phase whose progress it is; load writes its own, worker by worker. */
  phase?: PhaseName;
  /** What is done even where a result is kept. */
  begin?(call: TaskCall): Promise<void>;
  /**
   * The name its result is kept under: a repeated task gives it again instead of doing the work again, so that nothing of
   * a job that is taken over after its publication writes to what is served.
   */
  keptAs?(call: TaskCall): Promise<string>;
  /** Whether a result is kept; without it each is. */
  isFinal?(result: unknown): boolean;
  run(call: TaskCall): Promise<unknown>;
}

const builtIndex = z.object({
  type: servedIndexType,
  parameters: keepingUnknown(indexParameters),
  reasons: z.array(z.string()),
  leftOut: z.array(z.string()).default([]),
});
const sealed = z.object({ sealed: z.literal(true) });
/** Which try of the job it is: how many before it missed the recall. */
const upkeptIndex = builtIndex.extend({ way: indexUpkeep.shape.way, missed: z.int().default(0) });
const verifyPayload = z.object({ rows: z.int(), index: upkeptIndex });
/** What these hold is kept, though this release may not know all of it; a publication has its own fields alone. */
const verified = z.object(
  keepingUnknown(publication).pick({
    searchDefaults: true,
    unrefinedDefaults: true,
    filteredDefaults: true,
    recall: true,
  }).shape,
);

/** The tasks of the state machines by name. Results are keys and counts, never rows. */
export const tasks = {
  plan: { phase: "plan", begin: register, keptAs: async () => "plan", run: runPlan },
  fork: { phase: "fork", keptAs: async () => "fork", run: runFork },
  load: { run: runLoad },
  compact: { phase: "compact", keptAs: async () => "compact", isFinal: isSealed, run: runCompact },
  build: { phase: "build", keptAs: buildKeptAs, run: runBuild },
  verify: { phase: "verify", keptAs: verifyKeptAs, run: runVerify },
  publish: { phase: "publish", keptAs: async () => "publish", run: runPublish },
  retire: { run: runRetire },
} satisfies Record<string, Task>;

async function register({ deps, jobId, input }: TaskCall) {
  await deps.ledger.register(jobId, input);
}

async function runPlan({ deps, jobId, input, context }: TaskCall) {
  const made =
    input.type === "migrate"
      ? await planMigration(deps, jobId, input, context)
      : await planRebuild(deps, jobId, input);
  if (!made) {
    await deps.ledger.forgetFailure(jobId);
    return { isNeeded: false, rows: 0, workers: [] };
  }
  await giveUpIfEnded(deps, jobId, input.index);
  const workers = Array.from({ length: made.workers }, (_, worker) => worker);
  return { isNeeded: true, rows: made.rows, workers };
}

/** A cancel that came before there was a claim to give back found nothing to do. */
async function giveUpIfEnded(deps: TaskDependencies, jobId: string, index: string): Promise<void> {
  try {
    await deps.ledger.refuseEnded(jobId);
  } catch (error) {
    await discardGeneration(deps, jobId, index);
    throw error;
  }
}

async function runFork(call: TaskCall) {
  const made = await planOf(call);
  await forkGeneration(call.deps, call.jobId, made);
  return { rows: await call.deps.generations.rowsOf(made.ref) };
}

async function runLoad(call: TaskCall) {
  const { worker } = z.object({ worker: z.int().min(0) }).parse(call.payload);
  if (await keptResult(call, "compact")) return { done: true };
  return loadUnits(call.deps, call.jobId, await planOf(call), worker, call.context);
}

async function runCompact(call: TaskCall) {
  if (call.input.type !== "migrate") throw new DomainError("Internal", "only a migration is compacted");
  return sealLoad(call.deps, call.jobId, await planOf(call), call.input);
}

function isSealed(result: unknown): boolean {
  return sealed.safeParse(result).success;
}

/** Each way and each try is built once. */
async function buildKeptAs(call: TaskCall): Promise<string> {
  const { way } = await upkeepIn(call);
  return triedAs(`build-${way}`, (await missedTries(call.deps.ledger, call.jobId)).length);
}

const triedAs = (name: string, missed: number) => (missed === 0 ? name : `${name}-${missed}`);

async function runBuild(call: TaskCall) {
  const { deps, input } = call;
  const made = await planOf(call);
  const permit = writePermit(deps.registry, call.jobId, made.ref);
  const missed = await missedTries(deps.ledger, call.jobId);
  if (input.type !== "optimize") {
    const wanted = { ...input, missed };
    const index = await buildGeneration(deps, made, wanted, await metricOf(call), permit);
    return { ...index, way: "rebuild", missed: missed.length };
  }
  const upkeep = { ...(await upkeepIn(call)), missed };
  const index = await optimizeGeneration(deps, made, await publishedIn(call), upkeep, permit);
  return { ...index, way: upkeep.way, missed: missed.length };
}

/** As it was planned, until a verification found that it does not suffice. */
async function upkeepIn(call: TaskCall): Promise<IndexUpkeep> {
  if (call.input.type !== "optimize") return { way: "rebuild", why: "it is another index" };
  const upkeep = await call.deps.ledger.read(call.jobId, "upkeep", indexUpkeep);
  return upkeep ?? (await planOf(call)).upkeep ?? { way: "rebuild", why: "the plan says nothing else" };
}

async function verifyKeptAs({ payload }: TaskCall): Promise<string> {
  const { index } = verifyPayload.parse(payload);
  return triedAs(`verify-${index.way}`, index.missed);
}

/**
 * An index that does not reach the recall is built again, with finer codes as long as there are any; one that was kept or
 * folded into as it was asked for. The machine goes back to do it.
 */
async function runVerify(call: TaskCall) {
  const { rows, index } = verifyPayload.parse(call.payload);
  const made = await planOf(call);
  const isOnStore = call.deps.buckets.get(made.ref.bucket).backend === "s3";
  const wanted = { metric: await metricOf(call), targetRecall: await targetRecallOf(call), rows, isOnStore };
  try {
    const found = await verifyGeneration(call.deps, made, index, wanted, call.context);
    return { reached: true, ...found };
  } catch (error) {
    if (!isMissed(error)) throw error;
    await planAnother(call, made, index, error);
    return { reached: false };
  }
}

/** @throws the error when nothing finer is left */
async function planAnother(
  call: TaskCall,
  made: Plan,
  { way, missed }: z.infer<typeof upkeptIndex>,
  error: DomainError,
): Promise<void> {
  const { ledger } = call.deps;
  if (way !== "rebuild") {
    const upkeep: IndexUpkeep = { way: "rebuild", why: `without it ${whatWasReached(error)}` };
    return ledger.write(call.jobId, "upkeep", upkeep);
  }
  const asked = call.input.type === "optimize" ? askedOf(await publishedIn(call)) : call.input;
  const rows = await call.deps.generations.rowsOf(made.ref);
  const { dimension } = made.target;
  const { indexType: type, indexParameters } = asked;
  const plans = plansInTurn({ type, rows, dimension, asked: indexParameters });
  if (missed + 1 >= plans.length) throw error;
  await noteMissed(ledger, call.jobId, missed, error);
}

async function runPublish(call: TaskCall) {
  if (!(await hasPublished(call.deps, call.jobId))) await publish(call);
  return concludePublication(call.deps, call.jobId, call.input.index);
}

async function publish(call: TaskCall): Promise<void> {
  const { deps, jobId, input } = call;
  const made = await planOf(call);
  const payload = z.object({ index: builtIndex, verified }).parse(call.payload);
  const { columns, idColumn, vectorColumn, dimension } = made.target;
  await publishGeneration(deps, jobId, made, {
    generation: made.generation,
    bucket: made.ref.bucket,
    dimension,
    metric: await metricOf(call),
    vectorColumn,
    idColumn,
    columns,
    chosenColumns: made.chosenColumns,
    indexType: payload.index.type,
    indexParameters: payload.index.parameters,
    asked: await askedIn(call, payload.index.leftOut),
    reasons: payload.index.reasons,
    ...payload.verified,
    rows: await deps.generations.rowsOf(made.ref),
    ...(await skippedIn(call, made)),
    source:
      input.type === "migrate"
        ? input.source
        : `${made.published?.ref.generation}, version ${made.published?.version}`,
    publishedAt: new Date(deps.clock.now()).toISOString(),
  });
}

/** Says how long readers of what it replaced are waited for. Of attempts that failed nothing is left. */
export async function concludePublication(deps: TaskDependencies, jobId: string, index: string) {
  await deps.ledger.forgetFailure(jobId);
  const retiring = (await deps.registry.read(index))?.value.retiring ?? [];
  const replaced = retiring.some(({ writtenTo }) => !writtenTo);
  return { replaced, graceSeconds: Math.ceil(deps.retireAfterMs / 1000) };
}

async function skippedIn({ deps, jobId }: TaskCall, { target }: Plan) {
  const skipped = target.skipBadVectors && (await deps.ledger.read(jobId, "skipped", skippedRows));
  return skipped ? { skippedRows: skipped.rows } : {};
}

async function runRetire({ deps, input }: TaskCall) {
  return { waiting: await retireGenerations(deps, input.index, deps.retireAfterMs) };
}

/** What a task of the job answered before. */
export async function keptResult({ deps, jobId }: TaskCall, name: string): Promise<unknown> {
  return deps.ledger.read(jobId, `results/${name}`, z.unknown());
}

async function planOf({ deps, jobId }: TaskCall): Promise<Plan> {
  await deps.ledger.refuseEnded(jobId);
  const made = await deps.ledger.read(jobId, "plan", plan);
  if (made) return made;
  throw new DomainError("Internal", `job ${jobId} has no plan`);
}

/** A rebuild keeps the metric of what is published. */
async function metricOf(call: TaskCall): Promise<Metric> {
  return call.input.type === "migrate" ? call.input.metric : (await publishedIn(call)).metric;
}

async function targetRecallOf(call: TaskCall): Promise<number> {
  return call.input.targetRecall ?? (await publishedIn(call)).recall.target;
}

/**
 * An optimization keeps to what the job asked for that it optimizes the index of.
 * @param leftOut columns that got no index
 */
async function askedIn(call: TaskCall, leftOut: string[]): Promise<AskedIndex | undefined> {
  if (call.input.type === "optimize") return (await publishedIn(call)).asked;
  const { indexType, indexParameters } = call.input;
  const before = call.input.type === "build-index" ? (await publishedIn(call)).asked : undefined;
  const made = await planOf(call);
  const named = call.input.filterColumns ?? [];
  const joined = (...lists: (string[] | undefined)[]) => [...new Set(lists.flatMap((list) => list ?? []))];
  const filterColumns = joined(before?.filterColumns, made.filterColumns);
  const unasked = joined(before?.unaskedFilterColumns, made.unaskedFilterColumns);
  const isBuilt = (name: string) => !leftOut.includes(name);
  return {
    ...{ indexType, indexParameters, filterColumns: filterColumns.filter(isBuilt) },
    unaskedFilterColumns: unasked.filter((name) => isBuilt(name) && !named.includes(name)),
  };
}

async function publishedIn({ deps, input }: TaskCall): Promise<Publication> {
  return publishedOf((await deps.registry.get(input.index)).value);
}
