import { limits } from "../config/limits.ts";
import { DomainError } from "./errors.ts";
import type { JobLedger } from "./job-ledger.ts";
import { type Plan, redoList, unitsOf } from "./plan.ts";
import type { Clock, Generations, ParquetSource, TaskContext, Unit } from "./ports.ts";

export interface LoadDependencies {
  ledger: JobLedger;
  parquet: ParquetSource;
  generations: Generations;
  clock: Clock;
}

/**
 * One worker's share of the load. Each unit is one append, marked with its origin, so that whoever comes after finds
 * out what is there: a unit whose append was acknowledged is in the worker's progress; the one after it may have been
 * committed without an acknowledgement and is counted in the table before it is sent again.
 *
 *   append 0 ── ack ── progress 1 ── append 1 ── (killed) ── restart: progress says 1; unit 1 is counted: there → skip
 *
 * A table that is sealed or finished takes no rows: whoever counts it finds out what is missing, and asks for it.
 *
 * @returns whether work is left to hand over
 * @throws SourceInvalid, StoreUnavailable, JobCancelled
 */
export async function loadUnits(
  deps: LoadDependencies,
  job: string,
  plan: Plan,
  worker: number,
  context: TaskContext,
): Promise<{ done: boolean }> {
  const progress = await LoadProgress.resume(deps, job, worker);
  const loading = loadLeft(deps, job, plan, unitsOf(plan, worker), progress, context);
  const done = await loading.catch((error) => leaveToCount(deps, plan, error));
  await progress.write(done ? "done" : "running");
  return { done };
}

/** @returns true: nothing is left for a worker to do @throws the error, where it is no refusal of a table that is sealed */
async function leaveToCount({ generations }: LoadDependencies, plan: Plan, error: unknown): Promise<true> {
  const isRefusal = error instanceof DomainError && error.kind === "StoreUnavailable";
  if (!isRefusal || (await generations.takesAppends(plan.ref))) throw error;
  return true;
}

/** @returns whether all of it is loaded, or time ran out */
async function loadLeft(
  deps: LoadDependencies,
  job: string,
  plan: Plan,
  units: Unit[],
  progress: LoadProgress,
  context: TaskContext,
): Promise<boolean> {
  const { again, fresh } = await unitsLeft(deps, job, plan, units, progress);
  const left = [...again, ...fresh];
  const decoded = deps.parquet.decode(plan.sourceBucket, plan.files, left, plan.target, context.signal);
  const pace = new Pace(deps.clock);
  for await (const { unit, ipc } of decoded) {
    await deps.ledger.refuseEnded(job);
    await deps.generations.append(plan.ref, ipc);
    if (fresh.includes(unit)) await progress.add(unit);
    if (unit !== left.at(-1) && !pace.fitsAnother(context.remainingMs())) return false;
  }
  return true;
}

/** How long units take, so that none is begun that will not be finished. */
class Pace {
  readonly #clock: Clock;
  #last: number;
  #slowestMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#last = clock.now();
  }

  /** Told after each unit. */
  fitsAnother(remainingMs: number): boolean {
    const now = this.#clock.now();
    this.#slowestMs = Math.max(this.#slowestMs, now - this.#last);
    this.#last = now;
    return remainingMs >= Math.max(limits.minWorkerTimeLeftMs, 2 * this.#slowestMs);
  }
}

async function unitsLeft(
  deps: LoadDependencies,
  job: string,
  plan: Plan,
  units: Unit[],
  progress: LoadProgress,
) {
  const fresh = await withoutCommitted(deps, plan, units.slice(progress.chunks), progress);
  const redo = await deps.ledger.read(job, "redo", redoList);
  const asked = units.filter(({ id }) => redo?.units.includes(id) && !fresh.some((unit) => unit.id === id));
  const missing = await Promise.all(
    asked.map(async (unit) => ((await isCommitted(deps, plan, unit)) ? [] : [unit])),
  );
  return { again: missing.flat(), fresh };
}

async function isCommitted({ generations }: LoadDependencies, plan: Plan, unit: Unit): Promise<boolean> {
  return (await generations.rowsOfUnit(plan.ref, unit.id)) === unit.rows;
}

/** Only the first unit without an acknowledgement can be in doubt: a worker sends one after the other. */
async function withoutCommitted(deps: LoadDependencies, plan: Plan, units: Unit[], progress: LoadProgress) {
  const [first, ...others] = units;
  if (!first || !progress.resumed) return units;
  if (!(await isCommitted(deps, plan, first))) return units;
  await progress.add(first);
  return others;
}

class LoadProgress {
  readonly #deps: LoadDependencies;
  readonly #job: string;
  readonly #worker: number;
  readonly #startedAt: string;
  readonly resumed: boolean;
  rows: number;
  /** How many of the worker's units are acknowledged; they are loaded in order. */
  chunks: number;

  private constructor(
    deps: LoadDependencies,
    job: string,
    worker: number,
    before: { startedAt: string; rows?: number; chunks?: number } | undefined,
  ) {
    this.#deps = deps;
    this.#job = job;
    this.#worker = worker;
    this.#startedAt = before?.startedAt ?? new Date(deps.clock.now()).toISOString();
    this.resumed = before !== undefined;
    this.rows = before?.rows ?? 0;
    this.chunks = before?.chunks ?? 0;
  }

  static async resume(deps: LoadDependencies, job: string, worker: number): Promise<LoadProgress> {
    const before = await deps.ledger.workerProgress(job, "load", worker);
    const progress = new LoadProgress(deps, job, worker, before);
    if (!before) await progress.write("running");
    return progress;
  }

  /** Written after every unit: it is what a restart trusts. */
  async add(unit: Unit): Promise<void> {
    this.rows += unit.rows;
    this.chunks += 1;
    await this.write("running");
  }

  async write(state: "running" | "done"): Promise<void> {
    const ms = this.#deps.clock.now() - Date.parse(this.#startedAt);
    const { rows, chunks } = this;
    await this.#deps.ledger.progress(this.#job, "load", this.#worker, {
      state,
      startedAt: this.#startedAt,
      ms,
      rows,
      chunks,
    });
  }
}
