import type { Phase } from "../jobs/job-documents.ts";
import type { JobLedger } from "../jobs/job-ledger.ts";
import type { Unit } from "../source/parquet-source.ts";
import type { Clock } from "../task-context.ts";

interface ProgressDependencies {
  ledger: JobLedger;
  clock: Clock;
}

/**
 * How far a worker is with its units, in their order: those up to the first that is not known to be loaded are what a
 * restart trusts.
 */
export class LoadProgress {
  readonly #deps: ProgressDependencies;
  readonly #job: string;
  readonly #worker: number;
  readonly #units: Unit[];
  readonly #startedAt: string;
  /** Known to be loaded, though one before them is not, with their rows. */
  readonly #ahead = new Map<Unit, number>();
  /** Whether another has begun this worker's share. */
  readonly resumed: boolean;
  /** As it stands in the ledger. */
  #written: Phase | undefined;
  #rows: number;
  /** How many units from the first on. */
  #loaded: number;

  private constructor(
    deps: ProgressDependencies,
    job: string,
    worker: number,
    units: Unit[],
    before: Phase | undefined,
  ) {
    this.#deps = deps;
    this.#job = job;
    this.#worker = worker;
    this.#units = units;
    this.#startedAt = before?.startedAt ?? new Date(deps.clock.now()).toISOString();
    this.resumed = before !== undefined;
    this.#written = before;
    this.#rows = before?.rows ?? 0;
    this.#loaded = before?.units ?? 0;
  }

  /** @param units of the worker, which are loaded in this order */
  static async resume(
    deps: ProgressDependencies,
    job: string,
    worker: number,
    units: Unit[],
  ): Promise<LoadProgress> {
    const before = await deps.ledger.workerProgress(job, "load", worker);
    const progress = new LoadProgress(deps, job, worker, units, before);
    if (!before) await progress.write("running");
    return progress;
  }

  /** Units that are not known to be loaded. */
  left(): Unit[] {
    return this.#units.slice(this.#loaded).filter((unit) => !this.#ahead.has(unit));
  }

  /** Whether a unit is left before one that is loaded. */
  get hasGap(): boolean {
    return this.#ahead.size > 0;
  }

  /** One is loaded, or so many rows of it. Written at once, if none before it is left. */
  async add(unit: Unit, rows = unit.rows): Promise<void> {
    this.#ahead.set(unit, rows);
    const before = this.#loaded;
    for (let next = this.#units[before]; next && this.#ahead.has(next); next = this.#units[this.#loaded]) {
      this.#rows += this.#ahead.get(next) ?? 0;
      this.#ahead.delete(next);
      this.#loaded += 1;
    }
    if (this.#loaded > before) await this.write("running");
  }

  async write(state: "running" | "done"): Promise<void> {
    const ms = this.#deps.clock.now() - Date.parse(this.#startedAt);
    const counts = { rows: this.#rows, units: this.#loaded };
    const done = { state, startedAt: this.#startedAt, ms, ...counts };
    this.#written = await this.#deps.ledger.progress(this.#job, "load", this.#worker, done, this.#written);
  }
}
