import { limits } from "../../config/limits.ts";
import { codeOf, errorTable } from "../error-table.ts";
import { DomainError } from "../errors.ts";
import { type Unreadable, unlessUnreadable } from "../stored/stored-json.ts";
import { droppingUnknown } from "../stored/unknown-fields.ts";
import { exportPlan, fileCount } from "./export-plan.ts";
import { type Job, type JobState, job, machineOf } from "./job.ts";
import { type JobEnd, type JobFailure, type Phase, skippedRows } from "./job-documents.ts";
import type { JobLedger } from "./job-ledger.ts";
import { plan } from "./plan.ts";
import type { ExecutionState, Workflow } from "./workflow.ts";

/** A job as the workflow and the ledger tell it together. @throws JobNotFound, EntryDamaged, NeedsNewerRelease */
export async function getJob(ledger: JobLedger, workflow: Workflow, id: string): Promise<Job> {
  const record = await ledger.record(id);
  if (!record) throw new DomainError("JobNotFound", `job "${id}" does not exist`);
  const execution = await workflow.describe(id, machineOf(record.input.type));
  const { input } = record;
  const skips = input.type === "migrate" && input.onBadVector === "skip";
  const [end, planned, workers, failure, skipped] = await Promise.all([
    ledger.ended(id),
    input.type === "export" ? plannedExport(ledger, id) : ledger.read(id, "plan", plan),
    ledger.phases(id),
    ledger.failure(id),
    skips ? ledger.read(id, "skipped", skippedRows) : undefined,
  ]);
  const phases = mergeWorkers(workers);
  const mayStillStart = ledger.ageMs(record) < limits.startGraceMs;
  const state =
    stateOf(end?.state, phases, execution, planned !== undefined) ?? (mayStillStart ? "running" : "failed");
  const load = phases.find(({ name }) => name === "load" || name === "export");
  const finished = phases.some(({ name }) => name === "build");
  const totals = { rows: planned?.rows ?? null, units: planned?.units.length ?? null };
  const told: Job = {
    id,
    type: record.input.type,
    index: record.input.index,
    input: record.input,
    state,
    phase: phases.at(-1)?.name ?? null,
    phases,
    rows: {
      done: finished ? (totals.rows ?? 0) - (skipped?.rows ?? 0) : (load?.rows ?? 0),
      total: totals.rows,
    },
    units: { done: finished ? (totals.units ?? 0) : (load?.units ?? 0), total: totals.units },
    generation: planned?.generation ?? null,
    skipped: skipped ?? null,
    notes: planned?.notes ?? [],
    chosenColumns: planned?.chosenColumns ?? null,
    error: state === "failed" ? (failure ?? failureOf(execution)) : null,
    createdAt: record.createdAt,
    endedAt: isOver(state) ? endOf(phases, execution, end?.at) : null,
  };
  return shownOf(told);
}

/** What is shown of an export's plan, as of any other. */
async function plannedExport(ledger: JobLedger, id: string) {
  const made = await ledger.read(id, "export", exportPlan);
  if (!made) return undefined;
  const { ref, version, rows } = made;
  const notes = [`exports version ${version} of generation ${ref.generation}`];
  const units = { length: fileCount(made) };
  return { generation: ref.generation, rows, units, notes, chosenColumns: undefined };
}

/** What is stored beside what is shown is left out. */
const shownOf = (told: Job): Job => droppingUnknown(job).parse(told);

/**
 * Published is published, whatever the execution still tidies up; an end "succeeded" alone is only the intent.
 * @returns undefined when nobody knows: the execution has not been started, or is no longer kept
 */
function stateOf(
  end: JobEnd["state"] | undefined,
  phases: Phase[],
  execution: ExecutionState | undefined,
  isPlanned: boolean,
): JobState | undefined {
  if (end === "cancelled") return end;
  if (end === "succeeded" && !isPlanned) return end; // there was nothing to do
  if (phases.some(({ name, state }) => name === "publish" && state === "done")) return "succeeded";
  return execution?.status ?? (end === "failed" ? end : undefined);
}

function endOf(
  phases: Phase[],
  execution: ExecutionState | undefined,
  end: string | undefined,
): string | null {
  const published = phases.find(({ name }) => name === "publish");
  if (published?.state === "done")
    return new Date(Date.parse(published.startedAt) + published.ms).toISOString();
  return execution?.endedAt ?? end ?? null;
}

/** The execution of a job, whichever machine runs it; undefined when there is none. */
export async function executionOf(
  ledger: JobLedger,
  workflow: Workflow,
  id: string,
): Promise<ExecutionState | undefined> {
  const record = await ledger.record(id);
  return record && workflow.describe(id, machineOf(record.input.type));
}

/** Jobs, newest first. */
export async function listJobs(
  ledger: JobLedger,
  workflow: Workflow,
  page: { cursor?: string; limit: number },
): Promise<{ jobs: ListedJob[]; next: string | null }> {
  const { ids, next } = await ledger.list(page.cursor, page.limit);
  const jobs = await Promise.all(ids.map((id) => summarise(ledger, workflow, id)));
  return { jobs, next: next ?? null };
}

export type JobSummary = Pick<Job, "id" | "type" | "index" | "state" | "createdAt" | "endedAt">;
type ListedJob = JobSummary | { id: string; state: Unreadable };

async function summarise(ledger: JobLedger, workflow: Workflow, id: string): Promise<ListedJob> {
  return unlessUnreadable(
    async () => {
      const { type, index, state, createdAt, endedAt } = await getJob(ledger, workflow, id);
      return { id, type, index, state, createdAt, endedAt };
    },
    (why) => ({ id, state: why }),
  );
}

/** A phase runs while one of its workers does; its time is from the first start to the last end. */
function mergeWorkers(workers: Phase[]): Phase[] {
  const byName = Object.groupBy(workers, ({ name }) => name);
  return Object.values(byName)
    .flatMap((group) => (group ? [mergePhase(group)] : []))
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

function mergePhase(group: Phase[]): Phase {
  const starts = group.map(({ startedAt }) => Date.parse(startedAt));
  const start = Math.min(...starts);
  const end = Math.max(...group.map(({ ms }, i) => (starts[i] ?? 0) + ms));
  const sum = (field: "rows" | "units") => group.reduce((total, one) => total + (one[field] ?? 0), 0);
  const [first] = group as [Phase];
  return {
    name: first.name,
    state: group.some(({ state }) => state === "running") ? "running" : "done",
    startedAt: new Date(start).toISOString(),
    ms: end - start,
    ...(first.rows === undefined ? {} : { rows: sum("rows") }),
    ...(first.units === undefined ? {} : { units: sum("units") }),
  };
}

function failureOf(execution: ExecutionState | undefined): JobFailure {
  if (!execution) return { code: errorTable.JobInterrupted.code, message: "the job's execution is gone" };
  const { error = "Internal", cause = error } = execution;
  return { code: codeOf(error) ?? "internal", message: cause };
}

export const isOver = (state: JobState) => state !== "running";
