import { z } from "zod";
import { forkGeneration } from "../domain/build/fork-generation.ts";
import { DomainError } from "../domain/errors.ts";
import { loadUnits } from "../domain/load/load-units.ts";
import { sealLoad } from "../domain/load/seal-load.ts";
import { planMigration } from "../domain/plan/plan-migration.ts";
import { planRebuild } from "../domain/plan/plan-rebuild.ts";
import { buildKeptAs, runBuild, runVerify, verifyKeptAs } from "./build-tasks.ts";
import { runExport, runPlanExport } from "./export-tasks.ts";
import { runPublish, runRetire } from "./publish-tasks.ts";
import type { Task, TaskCall } from "./task-call.ts";
import { giveUpIfEnded, keptResult, planOf } from "./task-call.ts";

const sealed = z.object({ sealed: z.literal(true) });

/** The tasks of the state machines by name. Results are keys and counts, never rows. */
export const tasks = {
  plan: { phase: "plan", begin: register, keptAs: async () => "plan", run: runPlan },
  fork: { phase: "fork", keptAs: async () => "fork", run: runFork },
  load: { run: runLoad },
  compact: { phase: "compact", keptAs: async () => "compact", isFinal: isSealed, run: runCompact },
  build: { phase: "build", keptAs: buildKeptAs, run: runBuild },
  verify: { phase: "verify", keptAs: verifyKeptAs, run: runVerify },
  export: { run: runExport },
  publish: { phase: "publish", keptAs: async () => "publish", run: runPublish },
  retire: { run: runRetire },
} satisfies Record<string, Task>;

async function register({ deps, jobId, input }: TaskCall) {
  await deps.ledger.register(jobId, input);
}

async function runPlan(call: TaskCall) {
  const { deps, jobId, input, context } = call;
  if (input.type === "export") return runPlanExport(call, input);
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
