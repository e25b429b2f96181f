import { limits } from "../../config/limits.ts";
import type { Providers } from "../embedding/providers.ts";
import { DomainError } from "../errors.ts";
import { redoList } from "../jobs/job-documents.ts";
import type { JobLedger } from "../jobs/job-ledger.ts";
import { type Plan, plannedFiles, unitsOf } from "../jobs/plan.ts";
import type { ParquetSource, Unit } from "../source/parquet-source.ts";
import type { Clock, TaskContext } from "../task-context.ts";
import { AppendsUnderWay } from "./appends-under-way.ts";
import { embedUnit } from "./embed-unit.ts";
import { LoadProgress } from "./load-progress.ts";
import type { Loads } from "./loads.ts";

export interface LoadDependencies {
  ledger: JobLedger;
  parquet: ParquetSource;
  loads: Loads;
  clock: Clock;
  providers: Providers;
}

/**
 * One worker's share of the load. Each unit is one append, marked with its origin, so that whoever comes after finds
 * out what is there: a unit whose append was acknowledged is in the worker's progress; those after it that may have been
 * under way may be committed without an acknowledgement, and are counted in the table before they are sent again.
 *
 *   append 0 ── ack ── progress 1
 *      append 1 ────────── (killed)     restart: progress says 1; units 1 and 2 are counted:
 *         append 2 ─────── (killed)     what is there is not sent again
 *
 * A table that is sealed or finished takes no rows: whoever counts it finds out what is missing, and asks for it.
 *
 * @returns whether work is left to hand over
 * @throws SourceInvalid, SourceChanged, StoreUnavailable, JobCancelled, and what embedding a unit throws
 */
export async function loadUnits(
  deps: LoadDependencies,
  job: string,
  plan: Plan,
  worker: number,
  context: TaskContext,
): Promise<{ done: boolean }> {
  const units = unitsOf(plan, worker);
  const progress = await LoadProgress.resume(deps, job, worker, units);
  const loading = loadLeft(deps, job, plan, units, progress, context);
  const done = await loading.catch((error) => leaveToCount(deps, plan, error));
  await progress.write(done ? "done" : "running");
  return { done };
}

/** @returns true: nothing is left for a worker to do @throws the error, where it is no refusal of a table that is sealed */
async function leaveToCount({ loads }: LoadDependencies, plan: Plan, error: unknown): Promise<true> {
  const isRefusal = error instanceof DomainError && error.kind === "StoreUnavailable";
  if (!isRefusal || (await loads.takesAppends(plan.ref))) throw error;
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
  const left = await unitsLeft(deps, job, plan, units, progress);
  const appends = new AppendsUnderWay(appendsAtATime(plan));
  try {
    const isAll = await sendUnits(deps, job, plan, left, progress, appends, context);
    await appends.done();
    return isAll;
  } finally {
    await appends.ended();
  }
}

/** Of several workers one sends while another's append is committed, and all contend for the same table. */
const appendsAtATime = ({ workers }: Plan) => (workers === 1 ? limits.appendsAtATime : 1);

async function sendUnits(
  deps: LoadDependencies,
  job: string,
  plan: Plan,
  { again, fresh }: UnitsLeft,
  progress: LoadProgress,
  appends: AppendsUnderWay,
  context: TaskContext,
): Promise<boolean> {
  const left = [...again, ...fresh];
  const pace = new Pace(deps.clock, 1 + appendsAtATime(plan));
  const decoded = deps.parquet.decode(
    plan.sourceBucket,
    plannedFiles(plan),
    left,
    plan.target,
    context.signal,
    plan.ref.index,
  );
  for await (const { unit, ipc, skipped, texts, release } of decoded) {
    await deps.ledger.refuseEnded(job);
    if (texts) await embedUnit(deps.providers, plan, unit, texts, context);
    if (skipped) await deps.ledger.recordSkipped(job, unit.id, skipped);
    const rows = unit.rows - (skipped?.rows ?? 0);
    const append = async () => void (rows > 0 && (await deps.loads.append(plan.ref, ipc)));
    await appends.begin(
      () => append().finally(release),
      async () => void (fresh.includes(unit) && (await progress.add(unit, rows))),
    );
    if (progress.hasGap) await appends.done(); // or more would be in doubt than are counted
    if (unit !== left.at(-1) && !pace.fitsAnother(context.remainingMs())) return false;
  }
  return true;
}

/** How long units take, so that none is begun that will not be finished. */
class Pace {
  readonly #clock: Clock;
  readonly #units: number;
  #last: number;
  #slowestMs = 0;

  /** @param units that there has to be time for: the next, and those under way */
  constructor(clock: Clock, units: number) {
    this.#clock = clock;
    this.#units = units;
    this.#last = clock.now();
  }

  /** Told after each unit. */
  fitsAnother(remainingMs: number): boolean {
    const now = this.#clock.now();
    this.#slowestMs = Math.max(this.#slowestMs, now - this.#last);
    this.#last = now;
    return remainingMs >= Math.max(limits.minWorkerTimeLeftMs, this.#units * this.#slowestMs);
  }
}

interface UnitsLeft {
  /** Asked for by a count that missed them. */
  again: Unit[];
  fresh: Unit[];
}

async function unitsLeft(
  deps: LoadDependencies,
  job: string,
  plan: Plan,
  units: Unit[],
  progress: LoadProgress,
): Promise<UnitsLeft> {
  if (progress.resumed) await addCommitted(deps, job, plan, progress);
  const fresh = progress.left();
  const redo = await deps.ledger.read(job, "redo", redoList);
  const asked = units.filter((unit) => redo?.units.includes(unit.id) && !fresh.includes(unit));
  const isThere = await areCommitted(deps, job, plan, asked);
  return { again: asked.filter((_, i) => !isThere[i]), fresh };
}

/** No more can be in doubt than a worker sends at a time. */
async function addCommitted(
  deps: LoadDependencies,
  job: string,
  plan: Plan,
  progress: LoadProgress,
): Promise<void> {
  const doubtful = progress.left().slice(0, appendsAtATime(plan));
  const isThere = await areCommitted(deps, job, plan, doubtful);
  for (const [i, unit] of doubtful.entries())
    if (isThere[i]) await progress.add(unit, await rowsAppended(deps, job, plan, unit));
}

function areCommitted(deps: LoadDependencies, job: string, plan: Plan, units: Unit[]): Promise<boolean[]> {
  return Promise.all(
    units.map(async (unit) => {
      const rows = await rowsAppended(deps, job, plan, unit);
      return (await deps.loads.rowsOfUnit(plan.ref, unit.id)) === rows;
    }),
  );
}

/** What is skipped is known before the append: as long as it is not, nothing was sent. */
async function rowsAppended({ ledger }: LoadDependencies, job: string, { target }: Plan, unit: Unit) {
  return unit.rows - (target.skipBadVectors ? await ledger.skippedOf(job, unit.id) : 0);
}
