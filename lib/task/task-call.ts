import { z } from "zod";
import type { Builds } from "../domain/build/builds.ts";
import type { Spending } from "../domain/cost/spending.ts";
import type { WriteDependencies } from "../domain/documents/write-turn.ts";
import { DomainError } from "../domain/errors.ts";
import type { Exports } from "../domain/export/exports.ts";
import type { Metric, Publication } from "../domain/index/index-entry.ts";
import { publishedOf } from "../domain/index/published.ts";
import { discardGeneration } from "../domain/jobs/discard-generation.ts";
import type { BuildInput, JobInput, PhaseName } from "../domain/jobs/job.ts";
import type { Plan } from "../domain/jobs/plan.ts";
import { plan } from "../domain/jobs/plan.ts";
import type { PlanDependencies } from "../domain/plan/plan-migration.ts";
import type { Probes } from "../domain/recall/recall-probe.ts";
import type { TaskContext } from "../domain/task-context.ts";

export interface TaskDependencies
  extends PlanDependencies,
    Pick<WriteDependencies, "turns" | "receipts" | "documents"> {
  builds: Builds;
  exports: Exports;
  probes: Probes;
  retireAfterMs: number;
  spending: Spending;
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

/** What a task of the job answered before. */
export async function keptResult({ deps, jobId }: TaskCall, name: string): Promise<unknown> {
  return deps.ledger.read(jobId, `results/${name}`, z.unknown());
}

export async function planOf({ deps, jobId }: TaskCall): Promise<Plan> {
  await deps.ledger.refuseEnded(jobId);
  const made = await deps.ledger.read(jobId, "plan", plan);
  if (made) return made;
  throw new DomainError("Internal", `job ${jobId} has no plan`);
}

/** @throws Internal for a job that publishes no generation */
export function buildInputOf({ input }: TaskCall): BuildInput {
  if (input.type !== "export") return input;
  throw new DomainError("Internal", "an export builds nothing");
}

/** A rebuild keeps the metric of what is published. */
export async function metricOf(call: TaskCall): Promise<Metric> {
  return call.input.type === "migrate" ? call.input.metric : (await publishedIn(call)).metric;
}

export async function targetRecallOf(call: TaskCall): Promise<number> {
  return buildInputOf(call).targetRecall ?? (await publishedIn(call)).recall.target;
}

export async function publishedIn({ deps, input }: TaskCall): Promise<Publication> {
  return publishedOf((await deps.registry.get(input.index)).value);
}

/** A cancel that came before there was a claim to give back found nothing to do. */
export async function giveUpIfEnded(deps: TaskDependencies, jobId: string, index: string): Promise<void> {
  try {
    await deps.ledger.refuseEnded(jobId);
  } catch (error) {
    await discardGeneration(deps, jobId, index);
    throw error;
  }
}
