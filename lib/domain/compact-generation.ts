import type { z } from "zod";
import { limits } from "../config/limits.ts";
import { DomainError, type Issue } from "./errors.ts";
import type { MigrateInput } from "./job.ts";
import type { JobLedger } from "./job-ledger.ts";
import { type Plan, type redoList, seal, sealRounds, stagingOf } from "./plan.ts";
import type { DuplicateId, Generations } from "./ports.ts";
import { placeOf } from "./units.ts";

export interface CompactDependencies {
  ledger: JobLedger;
  generations: Generations;
}

/**
 * Seals what was loaded and makes the generation of it.
 *
 * One version of the staging table is counted unit by unit. If a unit is missing or was committed twice (a worker that
 * was thought dead came back), it is removed and the load runs again for it. If all is right, exactly that version is
 * forked: whatever a late worker still appends to staging cannot reach the generation.
 *
 * @returns whether the rows are sealed; if not, the load has to run again
 * @throws SourceInvalid naming duplicate ids, RowsMiscounted after too many rounds
 */
export async function compactGeneration(
  deps: CompactDependencies,
  job: string,
  plan: Plan,
  input: MigrateInput,
): Promise<{ sealed: boolean; rows: number }> {
  if (!(await isSealed(deps, plan))) {
    const { wrong, rowsByUnit, version, duplicates } = await count(deps, job, plan);
    if (wrong.length > 0) return reload(deps, job, plan, wrong, rowsByUnit);
    if (duplicates.length > 0 && input.onDuplicate === "fail") throw duplicateIds(plan, duplicates);
    const standing = await deps.ledger.writeOnce(job, "seal", { version }, seal);
    if (standing.version !== version) return compactGeneration(deps, job, plan, input);
    await makeGeneration(deps, plan, version, duplicates);
  }
  await deps.generations.compact(plan.ref);
  return { sealed: true, rows: await deps.generations.rowsOf(plan.ref) };
}

async function count({ ledger, generations }: CompactDependencies, job: string, plan: Plan) {
  const staging = stagingOf(plan.ref);
  const version = (await ledger.read(job, "seal", seal))?.version ?? (await generations.version(staging));
  const { rowsByUnit, duplicates } = await generations.tally(staging, version, plan.target.idColumn);
  const wrong = plan.units.filter(({ id, rows }) => (rowsByUnit.get(id) ?? 0) !== rows);
  return { version, rowsByUnit, duplicates, wrong };
}

/** The origin column is dropped last: a generation without it has been sealed before. */
async function isSealed({ generations }: CompactDependencies, { ref }: Plan): Promise<boolean> {
  const tables = await generations.list(ref.bucket, ref.index);
  if (!tables.includes(ref.generation)) return false;
  return !(await generations.columns(ref)).some(({ name }) => name === "_origin");
}

/**
 * Nothing is removed first: files of one version are the same whoever copies them, so that an attempt that was thought
 * dead and comes back late does no harm to a generation that is built or published by then.
 */
async function makeGeneration(
  { generations }: CompactDependencies,
  plan: Plan,
  version: number,
  duplicates: DuplicateId[],
) {
  await generations.fork(stagingOf(plan.ref), version, plan.ref);
  const earlier = duplicates.flatMap(({ origins }) => origins.slice(0, -1));
  await generations.deleteOrigins(plan.ref, earlier);
  await generations.dropOriginColumn(plan.ref);
}

async function reload(
  { ledger, generations }: CompactDependencies,
  job: string,
  plan: Plan,
  wrong: Plan["units"],
  rowsByUnit: Map<number, number>,
) {
  await countRound(ledger, job, wrong, rowsByUnit);
  for (const { id } of wrong) if (rowsByUnit.get(id)) await generations.deleteUnit(stagingOf(plan.ref), id);
  await ledger.write(job, "redo", { units: wrong.map(({ id }) => id) } satisfies z.infer<typeof redoList>);
  return { sealed: false, rows: 0 };
}

async function countRound(
  ledger: JobLedger,
  job: string,
  wrong: Plan["units"],
  rowsByUnit: Map<number, number>,
) {
  const round = ((await ledger.read(job, "seal-rounds", sealRounds))?.rounds ?? 0) + 1;
  const [first] = wrong;
  if (round > limits.maxSealRounds && first) {
    const found = rowsByUnit.get(first.id) ?? 0;
    throw new DomainError(
      "RowsMiscounted",
      `after ${round - 1} rounds ${wrong.length} units still differ; unit ${first.id} has ${found} rows, not ${first.rows}`,
    );
  }
  await ledger.write(job, "seal-rounds", { rounds: round });
}

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
