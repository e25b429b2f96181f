import type { z } from "zod";
import { limits } from "../../config/limits.ts";
import { DomainError, type Issue } from "../errors.ts";
import type { Generations } from "../index/generations.ts";
import type { GenerationRef } from "../index/index-entry.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import { writePermit } from "../index/write-permit.ts";
import type { MigrateInput } from "../jobs/job.ts";
import { type redoList, sealRounds } from "../jobs/job-documents.ts";
import type { JobLedger } from "../jobs/job-ledger.ts";
import type { Plan } from "../jobs/plan.ts";
import type { Unit } from "../source/parquet-source.ts";
import { invalidSources } from "../source/source-layout.ts";
import { placeOf } from "../source/units.ts";
import type { DuplicateId, Loads, Seal } from "./loads.ts";

export interface SealDependencies {
  registry: IndexRegistry;
  ledger: JobLedger;
  generations: Generations;
  loads: Loads;
}

/**
 * Ends the load and makes the generation of it.
 *
 *   load ══► seal ──► count ──► as in the source ──► earlier duplicates removed ──► origins dropped ──► compacted
 *     ▲                 └─────► missing or doubled ──► those removed ──► unsealed ─┐
 *     └────────────────────────────────────────────────────────────────────────────┘
 *
 * After the seal no append reaches the table, not even one that is under way (a worker that was thought dead comes back),
 * and what is counted is the version that sealed it. So attempts at this task that overlap find the same and do the same
 * to the same rows; one that is late finds no column of its seal any more, and then begins again and finds all done.
 *
 * @returns whether the rows are those of the source; if not, the load has to run again
 * @throws SourceInvalid naming duplicate ids, RowsMiscounted after too many rounds
 */
export async function sealLoad(
  deps: SealDependencies,
  job: string,
  plan: Plan,
  input: MigrateInput,
): Promise<{ sealed: boolean; rows: number }> {
  const { generations, loads } = deps;
  const { ref, target } = plan;
  const skipped = target.skipBadVectors ? await skippedIn(deps.ledger, job, plan) : undefined;
  if (await loads.hasOrigins(ref)) {
    const seal = await loads.seal(ref);
    const { rowsByUnit, duplicates } = await loads.tally(ref, seal, target.idColumn);
    const expected = ({ id, rows }: Unit) => rows - (skipped?.byUnit.get(id)?.rows ?? 0);
    const wrong = plan.units.filter((unit) => (rowsByUnit.get(unit.id) ?? 0) !== expected(unit));
    if (wrong.length > 0) return reload(deps, job, ref, seal, wrong, rowsByUnit);
    if (duplicates.length > 0 && input.onDuplicate === "fail") throw duplicateIds(plan, duplicates);
    await loads.deleteOrigins(ref, seal, earlierOf(duplicates));
    await loads.dropOrigins(ref, seal);
  }
  await loads.compact(ref, target.idColumn, writePermit(deps.registry, job, ref));
  const rows = await generations.rowsOf(ref);
  const most = plan.rows - (skipped?.rows ?? 0);
  if (rows > most) throw miscounted(`the generation has ${rows} rows, its source ${most}`);
  return { sealed: true, rows };
}

/** Kept for the job, which shows it. @throws SourceInvalid where nothing is left */
async function skippedIn(ledger: JobLedger, job: string, plan: Plan) {
  const byUnit = await ledger.skipped(job);
  const all = [...byUnit].sort(([a], [b]) => a - b).map(([, one]) => one);
  const rows = all.reduce((sum, one) => sum + one.rows, 0);
  const first = all.flatMap((one) => one.first).slice(0, limits.maxNamedSkipped);
  if (rows === plan.rows) {
    const issues = first.map(({ place, reason }) => ({ path: place, message: reason }));
    throw invalidSources(issues, rows - issues.length);
  }
  await ledger.write(job, "skipped", { rows, first });
  return { byUnit, rows };
}

const earlierOf = (duplicates: DuplicateId[]) => duplicates.flatMap(({ origins }) => origins.slice(0, -1));

async function reload(
  { ledger, loads }: SealDependencies,
  job: string,
  ref: GenerationRef,
  seal: Seal,
  wrong: Unit[],
  rowsByUnit: Map<number, number>,
) {
  await countRound(ledger, job, wrong, rowsByUnit);
  for (const { id } of wrong) if (rowsByUnit.get(id)) await loads.deleteUnit(ref, seal, id);
  await ledger.write(job, "redo", { units: wrong.map(({ id }) => id) } satisfies z.infer<typeof redoList>);
  await loads.unseal(ref, seal);
  return { sealed: false, rows: 0 };
}

async function countRound(ledger: JobLedger, job: string, wrong: Unit[], rowsByUnit: Map<number, number>) {
  const before = await ledger.read(job, "seal-rounds", sealRounds);
  const round = (before?.rounds ?? 0) + 1;
  const [first] = wrong;
  if (round > limits.maxSealRounds && first) {
    const found = rowsByUnit.get(first.id) ?? 0;
    throw miscounted(
      `after ${round - 1} rounds ${wrong.length} units still differ; unit ${first.id} has ${found} rows, not ${first.rows}`,
    );
  }
  await ledger.write(job, "seal-rounds", { ...before, rounds: round });
}

const miscounted = (why: string) => new DomainError("RowsMiscounted", why);

function duplicateIds(plan: Plan, duplicates: DuplicateId[]): DomainError {
  const named = duplicates.slice(0, limits.maxNamedDuplicates);
  const issues: Issue[] = named.map(({ id, origins }) => ({
    path: origins
      .slice(0, 3)
      .map((origin) => originPlace(plan, origin))
      .join("; "),
    message: `document id ${JSON.stringify(id).slice(0, 80)} is there ${origins.length} times`,
  }));
  const list = issues.map(({ path, message }) => `${message} (${path})`).join("; ");
  const detail = `${duplicates.length} document ids are not unique: ${list}. To keep the last of each, set onDuplicate to "keep-last"`;
  return new DomainError("SourceInvalid", detail, { issues });
}

/** An origin is its unit's id in the upper and the row in the unit in the lower 32 bits. */
function originPlace(plan: Plan, origin: bigint): string {
  const unit = plan.units[Number(origin >> 32n)];
  const row = Number(origin & 0xffffffffn);
  return unit ? placeOf(plan.files[unit.file] ?? "", unit, row) : `row ${row}`;
}
