import { limits } from "../../config/limits.ts";
import { inGroups } from "../in-groups.ts";
import {
  type ExportedFile,
  type ExportPlan,
  type ExportUnit,
  exportedFile,
  exportUnitsOf,
  partName,
} from "../jobs/export-plan.ts";
import type { JobLedger } from "../jobs/job-ledger.ts";
import type { Stores } from "../object-store.ts";
import type { Clock, TaskContext } from "../task-context.ts";
import type { Exports } from "./exports.ts";

export interface UnitDependencies {
  ledger: JobLedger;
  exports: Exports;
  stores: Stores;
  clock: Clock;
}

/**
 * One worker's files, each written whole and then noted; one that is noted and there is not written again. Attempts at the
 * same file write the same bytes.
 * @returns whether all are written, or time ran out
 * @throws SourceChanged, StoreUnavailable, StoreFull, JobCancelled
 */
export async function exportUnits(
  deps: UnitDependencies,
  job: string,
  plan: ExportPlan,
  worker: number,
  context: TaskContext,
): Promise<{ done: boolean }> {
  const units = exportUnitsOf(plan, worker);
  const startedAt =
    (await deps.ledger.workerProgress(job, "export", worker))?.startedAt ?? timestamp(deps.clock);
  const total = { rows: 0, units: 0 };
  const note = (state: "running" | "done") =>
    deps.ledger.progress(job, "export", worker, {
      ...{ state, startedAt, ...total },
      ms: deps.clock.now() - Date.parse(startedAt),
    });
  for (const unit of units) {
    const began = deps.clock.now();
    const isFresh = !(await isWritten(deps, job, plan, unit));
    if (isFresh && !(await writeUnit(deps, job, plan, unit, context))) return { done: true };
    total.rows += unit.rows;
    total.units++;
    await note("running");
    const needed = Math.max(limits.minWorkerTimeLeftMs, 2 * (deps.clock.now() - began));
    if (isFresh && unit !== units.at(-1) && context.remainingMs() < needed) return { done: false };
  }
  await note("done");
  return { done: true };
}

const timestamp = (clock: Clock) => new Date(clock.now()).toISOString();

async function isWritten(
  { ledger, stores }: UnitDependencies,
  job: string,
  plan: ExportPlan,
  { id }: ExportUnit,
): Promise<boolean> {
  const noted = await ledger.read(job, nameOf(id), exportedFile);
  if (!noted) return false;
  const found = await stores(plan.bucket).stat(plan.prefix + noted.name);
  return found?.bytes === noted.bytes && found.identity === noted.identity;
}

/** @returns false where the job has succeeded meanwhile, by attempts that were thought dead */
async function writeUnit(
  { ledger, stores, exports }: UnitDependencies,
  job: string,
  plan: ExportPlan,
  unit: ExportUnit,
  { signal }: TaskContext,
): Promise<boolean> {
  const { ref, version, batchRows } = plan;
  const columns = plan.columns.map(({ name }) => name);
  const { offset, rows } = unit;
  const file = await exports.parquetOf({ ref, version, columns, offset, rows, batchRows }, signal);
  await ledger.refuseEnded(job);
  if (await ledger.ended(job)) return false;
  const name = partName(unit.id, job);
  const store = stores(plan.bucket);
  await store.put(plan.prefix + name, file.bytes);
  const identity = (await store.stat(plan.prefix + name))?.identity ?? "";
  const written: ExportedFile = { name, rows, bytes: file.bytes.length, sha256: file.sha256, identity };
  await ledger.write(job, nameOf(unit.id), written);
  return true;
}

const nameOf = (unit: number) => `exported/${unit}`;

/** As they were noted. @returns undefined of one that was not */
export function notedFiles(
  ledger: JobLedger,
  job: string,
  ids: number[],
): Promise<(ExportedFile | undefined)[]> {
  return inGroups(ids, limits.ledgerReadsAtATime, (id) => ledger.read(job, nameOf(id), exportedFile));
}
