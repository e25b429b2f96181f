import { z } from "zod";
import { buildGeneration } from "../domain/build/build-generation.ts";
import { plansInTurn } from "../domain/build/finer-index.ts";
import { isMissed, missedTries, noteMissed, whatWasReached } from "../domain/build/missed-recall.ts";
import { optimizeGeneration } from "../domain/build/optimize-generation.ts";
import type { DomainError } from "../domain/errors.ts";
import { indexParameters, servedIndexType } from "../domain/index/index-entry.ts";
import { writePermit } from "../domain/index/write-permit.ts";
import type { IndexUpkeep, Plan } from "../domain/jobs/plan.ts";
import { indexUpkeep } from "../domain/jobs/plan.ts";
import { askedOf } from "../domain/plan/plan-optimize.ts";
import { verifyGeneration } from "../domain/recall/verify-generation.ts";
import { keepingUnknown } from "../domain/stored/unknown-fields.ts";
import type { TaskCall } from "./task-call.ts";
import { buildInputOf, metricOf, planOf, publishedIn, targetRecallOf } from "./task-call.ts";

/** What was built, as a task answers it. */
export const builtIndex = z.object({
  type: servedIndexType,
  parameters: keepingUnknown(indexParameters),
  reasons: z.array(z.string()),
  leftOut: z.array(z.string()).default([]),
});
/** Which try of the job it is: how many before it missed the recall. */
const upkeptIndex = builtIndex.extend({ way: indexUpkeep.shape.way, missed: z.int().default(0) });
const verifyPayload = z.object({ rows: z.int(), index: upkeptIndex });
/** What these hold is kept, though this release may not know all of it; a publication has its own fields alone. */

/** Each way and each try is built once. */
export async function buildKeptAs(call: TaskCall): Promise<string> {
  const { way } = await upkeepIn(call);
  return triedAs(`build-${way}`, (await missedTries(call.deps.ledger, call.jobId)).length);
}

const triedAs = (name: string, missed: number) => (missed === 0 ? name : `${name}-${missed}`);

export async function runBuild(call: TaskCall) {
  const { deps } = call;
  const input = buildInputOf(call);
  const made = await planOf(call);
  const permit = writePermit(deps.registry, call.jobId, made.ref);
  const missed = await missedTries(deps.ledger, call.jobId);
  if (input.type !== "optimize") {
    const wanted = { ...input, missed };
    const index = await buildGeneration(deps, made, wanted, await metricOf(call), permit);
    return { ...index, way: "rebuild", missed: missed.length };
  }
  const upkeep = { ...(await upkeepIn(call)), missed };
  const index = await optimizeGeneration(deps, made, await publishedIn(call), upkeep, permit);
  return { ...index, way: upkeep.way, missed: missed.length };
}

/** As it was planned, until a verification found that it does not suffice. */
async function upkeepIn(call: TaskCall): Promise<IndexUpkeep> {
  if (call.input.type !== "optimize") return { way: "rebuild", why: "it is another index" };
  const upkeep = await call.deps.ledger.read(call.jobId, "upkeep", indexUpkeep);
  return upkeep ?? (await planOf(call)).upkeep ?? { way: "rebuild", why: "the plan says nothing else" };
}

export async function verifyKeptAs({ payload }: TaskCall): Promise<string> {
  const { index } = verifyPayload.parse(payload);
  return triedAs(`verify-${index.way}`, index.missed);
}

/**
 * An index that does not reach the recall is built again, with finer codes as long as there are any; one that was kept or
 * folded into as it was asked for. The machine goes back to do it.
 */
export async function runVerify(call: TaskCall) {
  const { rows, index } = verifyPayload.parse(call.payload);
  const made = await planOf(call);
  const isOnStore = call.deps.buckets.get(made.ref.bucket).backend === "s3";
  const wanted = { metric: await metricOf(call), targetRecall: await targetRecallOf(call), rows, isOnStore };
  try {
    const found = await verifyGeneration(call.deps, made, index, wanted, call.context);
    return { reached: true, ...found };
  } catch (error) {
    if (!isMissed(error)) throw error;
    await planAnother(call, made, index, error);
    return { reached: false };
  }
}

/** @throws the error when nothing finer is left */
async function planAnother(
  call: TaskCall,
  made: Plan,
  { way, missed }: z.infer<typeof upkeptIndex>,
  error: DomainError,
): Promise<void> {
  const { ledger } = call.deps;
  if (way !== "rebuild") {
    const upkeep: IndexUpkeep = { way: "rebuild", why: `without it ${whatWasReached(error)}` };
    return ledger.write(call.jobId, "upkeep", upkeep);
  }
  const input = buildInputOf(call);
  const asked = input.type === "optimize" ? askedOf(await publishedIn(call)) : input;
  const rows = await call.deps.generations.rowsOf(made.ref);
  const { dimension } = made.target;
  const { indexType: type, indexParameters } = asked;
  const plans = plansInTurn({ type, rows, dimension, asked: indexParameters });
  if (missed + 1 >= plans.length) throw error;
  await noteMissed(ledger, call.jobId, missed, error);
}
