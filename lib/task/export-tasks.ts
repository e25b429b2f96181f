import { z } from "zod";
import { DomainError } from "../domain/errors.ts";
import { exportUnits } from "../domain/export/export-units.ts";
import { planExport } from "../domain/export/plan-export.ts";
import { publishExport } from "../domain/export/publish-export.ts";
import type { ExportInput } from "../domain/jobs/export-input.ts";
import { type ExportPlan, exportPlan } from "../domain/jobs/export-plan.ts";
import { giveUpIfEnded, type TaskCall, type TaskDependencies } from "./task-call.ts";

export async function runPlanExport({ deps, jobId, input }: TaskCall, asked: ExportInput) {
  const made = await planExport(deps, jobId, asked);
  await giveUpIfEnded(deps, jobId, input.index);
  const workers = Array.from({ length: made.workers }, (_, worker) => worker);
  return { isNeeded: true, rows: made.rows, workers };
}

export async function runExport({ deps, jobId, payload, context }: TaskCall) {
  const { worker } = z.object({ worker: z.int().min(0) }).parse(payload);
  await deps.ledger.refuseEnded(jobId);
  return exportUnits(deps, jobId, await planOfExport(deps, jobId), worker, context);
}

export async function runPublishExport({ deps, jobId }: TaskCall) {
  await deps.ledger.refuseEnded(jobId);
  await publishExport(deps, jobId, await planOfExport(deps, jobId));
  return {};
}

/** An export whose end is recorded as success has all its files: what is left to do is done. @returns whether it is one */
export async function concludeExport(deps: TaskDependencies, jobId: string): Promise<boolean> {
  const made = await deps.ledger.read(jobId, "export", exportPlan);
  if (!made || (await deps.ledger.ended(jobId))?.state !== "succeeded") return false;
  await publishExport(deps, jobId, made);
  const startedAt = new Date(deps.clock.now()).toISOString();
  await deps.ledger.progress(jobId, "publish", 0, { state: "done", startedAt, ms: 0 });
  return true;
}

async function planOfExport({ ledger }: TaskDependencies, jobId: string): Promise<ExportPlan> {
  const made = await ledger.read(jobId, "export", exportPlan);
  if (made) return made;
  throw new DomainError("Internal", `job ${jobId} has no plan`);
}
