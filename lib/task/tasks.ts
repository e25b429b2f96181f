import { z } from "zod";
import { buildGeneration } from "../domain/build-generation.ts";
import { compactGeneration } from "../domain/compact-generation.ts";
import { publishedOf } from "../domain/describe-index.ts";
import { discardGeneration } from "../domain/discard-generation.ts";
import { DomainError, type ErrorKind, errorTable } from "../domain/errors.ts";
import {
  type AskedIndex,
  indexParameters,
  type Metric,
  type Publication,
  publication,
  servedIndexType,
} from "../domain/index-entry.ts";
import { isSameInput, type JobInput, type jobFailure, jobInput, type PhaseName } from "../domain/job.ts";
import { loadUnits } from "../domain/load-units.ts";
import { optimizeGeneration } from "../domain/optimize-generation.ts";
import { type Plan, plan } from "../domain/plan.ts";
import { type PlanDependencies, planMigration } from "../domain/plan-migration.ts";
import { type IndexUpkeep, indexUpkeep } from "../domain/plan-optimize.ts";
import { forkGeneration, planRebuild } from "../domain/plan-rebuild.ts";
import type { TaskContext } from "../domain/ports.ts";
import { publishGeneration, retireGenerations } from "../domain/publish-generation.ts";
import { verifyGeneration } from "../domain/verify-generation.ts";

export interface TaskDependencies extends PlanDependencies {
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
  /** Whether a result is the last: it is kept, and a repeated task gives it again instead of doing the work again. */
  isFinal?(result: unknown): boolean;
  run(call: TaskCall): Promise<unknown>;
}

const always = () => true;

const builtIndex = z.object({
  type: servedIndexType,
  parameters: indexParameters,
  reasons: z.array(z.string()),
});
const sealed = z.object({ sealed: z.literal(true) });
const upkeptIndex = builtIndex.extend({ way: indexUpkeep.shape.way });
const isRebuilt = (result: unknown) => upkeptIndex.safeParse(result).data?.way === "rebuild";
const verified = z.object(
  publication.pick({ searchDefaults: true, unrefinedDefaults: true, filteredDefaults: true, recall: true })
    .shape,
);

/** The tasks of the state machines by name. Results are keys and counts, never rows. */
export const tasks = {
  plan: { phase: "plan", run: runPlan },
  fork: { phase: "fork", isFinal: always, run: runFork },
  load: { run: runLoad },
  compact: { phase: "compact", isFinal: (result) => sealed.safeParse(result).success, run: runCompact },
  build: { phase: "build", isFinal: isRebuilt, run: runBuild },
  verify: { phase: "verify", isFinal: (result) => verified.safeParse(result).success, run: runVerify },
  publish: { phase: "publish", isFinal: always, run: runPublish },
  retire: { run: runRetire },
} satisfies Record<string, Task>;

async function runPlan({ deps, jobId, input, context }: TaskCall) {
  await deps.ledger.register(jobId, input);
  const made =
    input.type === "migrate"
      ? await planMigration(deps, jobId, input, context)
      : await planRebuild(deps, jobId, input);
  if (!made) return { isNeeded: false, rows: 0, workers: [] };
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
  await forkGeneration(call.deps, made);
  return { rows: await call.deps.generations.rowsOf(made.ref) };
}

async function runLoad(call: TaskCall) {
  const { worker } = z.object({ worker: z.int().min(0) }).parse(call.payload);
  return loadUnits(call.deps, call.jobId, await planOf(call), worker, call.context);
}

async function runCompact(call: TaskCall) {
  if (call.input.type !== "migrate") throw new DomainError("Internal", "only a migration is compacted");
  return compactGeneration(call.deps, call.jobId, await planOf(call), call.input);
}

async function runBuild(call: TaskCall) {
  const { deps, jobId, input } = call;
  const made = await planOf(call);
  if (input.type !== "optimize") {
    const index = await buildGeneration(deps.generations, made, input, await metricOf(call));
    return { ...index, way: "rebuild" };
  }
  const upkeep = await deps.ledger.read(jobId, "upkeep", indexUpkeep);
  if (!upkeep) throw new DomainError("Internal", `job ${jobId} has not decided what to do`);
  const index = await optimizeGeneration(deps.generations, made, await publishedIn(call), upkeep);
  return { ...index, way: upkeep.way };
}

/** An index that was kept or folded into and does not reach the recall is built again; the machine goes back to do it. */
async function runVerify(call: TaskCall) {
  const { rows, index } = z.object({ rows: z.int(), index: upkeptIndex }).parse(call.payload);
  const made = await planOf(call);
  const isOnStore = call.deps.buckets.get(made.ref.bucket).backend === "s3";
  const wanted = { metric: await metricOf(call), targetRecall: await targetRecallOf(call), rows, isOnStore };
  try {
    const found = await verifyGeneration(call.deps.generations, made, index, wanted, call.context);
    return { reached: true, ...found };
  } catch (error) {
    const missed = error instanceof DomainError && error.kind === "RecallNotReached";
    if (!missed || index.way === "rebuild") throw error;
    const upkeep: IndexUpkeep = { way: "rebuild", why: `without it ${error.message}` };
    await call.deps.ledger.write(call.jobId, "upkeep", upkeep);
    return { reached: false };
  }
}

async function runPublish(call: TaskCall) {
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
    indexType: payload.index.type,
    indexParameters: payload.index.parameters,
    asked: await askedIn(call),
    reasons: payload.index.reasons,
    ...payload.verified,
    rows: await deps.generations.rowsOf(made.ref),
    source:
      input.type === "migrate"
        ? input.source
        : `${made.published?.ref.generation}, version ${made.published?.version}`,
    publishedAt: new Date(deps.clock.now()).toISOString(),
  });
  const { retiring } = (await deps.registry.get(input.index)).value;
  const replaced = retiring.some(({ writtenTo }) => !writtenTo);
  return { replaced, graceSeconds: Math.ceil(deps.retireAfterMs / 1000) };
}

async function runRetire({ deps, input }: TaskCall) {
  return { waiting: await retireGenerations(deps, input.index, deps.retireAfterMs) };
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

/** An optimization keeps to what the job asked for that it optimizes the index of. */
async function askedIn(call: TaskCall): Promise<AskedIndex | undefined> {
  if (call.input.type === "optimize") return (await publishedIn(call)).asked;
  const { indexType, indexParameters } = call.input;
  const before = call.input.type === "build-index" ? (await publishedIn(call)).asked?.filterColumns : [];
  const { filterColumns } = await planOf(call);
  return { indexType, indexParameters, filterColumns: [...new Set([...(before ?? []), ...filterColumns])] };
}

async function publishedIn({ deps, input }: TaskCall): Promise<Publication> {
  return publishedOf((await deps.registry.get(input.index)).value);
}

/**
 * The last task of a job that failed: no task writes any more, what it built goes, its claim is given back. Its input
 * may be the very thing that was wrong: then there is no job of it, or one of another execution with the same name,
 * which is left alone.
 * @returns what the Fail state shows
 */
export async function discard(deps: TaskDependencies, jobId: string, payload: Record<string, unknown>) {
  const record = await deps.ledger.record(jobId);
  if (!record || !isSameInput(record.input, jobInput.safeParse(payload["input"]).data))
    return fromState(payload["error"]);
  await deps.ledger.end(jobId, "failed");
  await discardGeneration(deps, jobId, record.input.index);
  const failure = (await deps.ledger.failure(jobId)) ?? failureFrom(payload["error"]);
  await deps.ledger.recordFailure(jobId, failure);
  return { error: failure.code, cause: failure.message };
}

/** What Step Functions says of the task that failed: its error's name and, in the cause, the message. */
function fromState(error: unknown): { error: string; cause: string } {
  const { Error: name = "Internal", Cause: cause = "" } = (error ?? {}) as { Error?: string; Cause?: string };
  const code = Object.hasOwn(errorTable, name) ? errorTable[name as ErrorKind].code : "internal";
  return { error: code, cause: messageIn(cause) };
}

/** The cause is what the function threw, as JSON, or the bare message in the embedded interpreter. */
function messageIn(cause: string): string {
  try {
    return String((JSON.parse(cause) as { errorMessage?: unknown }).errorMessage ?? cause);
  } catch {
    return cause;
  }
}

/** Of a task that could not say itself why it ended: a timeout, or a process out of memory. */
function failureFrom(error: unknown): z.infer<typeof jobFailure> {
  const { Error: name = "States.TaskFailed", Cause: cause } = (error ?? {}) as {
    Error?: string;
    Cause?: unknown;
  };
  if (name === "JobInterrupted") return { code: "job-interrupted", message: String(cause) };
  return { code: "internal", message: `a task of the job ended without an answer (${name})` };
}
