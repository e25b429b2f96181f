import { z } from "zod";
import type { AskedIndex, IndexEntry } from "../domain/index/index-entry.ts";
import { publication } from "../domain/index/index-entry.ts";
import { skippedRows } from "../domain/jobs/job-documents.ts";
import type { Plan } from "../domain/jobs/plan.ts";
import { hasPublished, publishGeneration, retireGenerations } from "../domain/publish/publish-generation.ts";
import { writeOpening } from "../domain/publish/write-opening.ts";
import { keepingUnknown } from "../domain/stored/unknown-fields.ts";
import { builtIndex } from "./build-tasks.ts";
import { runPublishExport } from "./export-tasks.ts";
import type { TaskCall, TaskDependencies } from "./task-call.ts";
import { buildInputOf, metricOf, planOf, publishedIn } from "./task-call.ts";

const verified = z.object(
  keepingUnknown(publication).pick({
    searchDefaults: true,
    unrefinedDefaults: true,
    filteredDefaults: true,
    recall: true,
  }).shape,
);

export async function runPublish(call: TaskCall) {
  if (call.input.type === "export") return runPublishExport(call);
  if (!(await hasPublished(call.deps, call.jobId))) await publish(call);
  await writeOpening(call.deps, call.input.index);
  return concludePublication(call.deps, call.jobId, call.input.index);
}

async function publish(call: TaskCall): Promise<void> {
  const { deps, jobId } = call;
  const input = buildInputOf(call);
  const made = await planOf(call);
  const payload = z.object({ index: builtIndex, verified }).parse(call.payload);
  const { columns, idColumn, vectorColumn, dimension } = made.target;
  const onWrites = input.type === "migrate" ? input.onWrites : "keep";
  await publishGeneration(deps, jobId, made, onWrites, {
    generation: made.generation,
    bucket: made.ref.bucket,
    dimension,
    metric: await metricOf(call),
    vectorColumn,
    idColumn,
    columns,
    chosenColumns: made.chosenColumns,
    indexType: payload.index.type,
    indexParameters: payload.index.parameters,
    ...(made.fullText.length > 0 ? { fullText: made.fullText } : {}),
    asked: await askedIn(call, payload.index.leftOut),
    reasons: payload.index.reasons,
    ...payload.verified,
    ...(await skippedIn(call, made)),
    ...(await embeddingIn(call)),
    source:
      input.type === "migrate"
        ? input.source
        : `${made.published?.ref.generation}, version ${made.published?.version}`,
    publishedAt: new Date(deps.clock.now()).toISOString(),
  });
}

/** Says how long readers of what it replaced are waited for. Of attempts that failed nothing is left. */
export async function concludePublication(deps: TaskDependencies, jobId: string, index: string) {
  await deps.ledger.forgetFailure(jobId);
  const retiring = (await deps.registry.read(index))?.value.retiring ?? [];
  const windowsMs = retiring.filter(({ writtenTo }) => !writtenTo).map(windowMs);
  const graceMs = Math.max(0, ...windowsMs) + deps.retireAfterMs;
  return { replaced: windowsMs.length > 0, graceSeconds: Math.ceil(graceMs / 1000) };
}

/** How long a generation is served after it was replaced. */
function windowMs({ since, servedUntil = since }: IndexEntry["retiring"][number]): number {
  return Date.parse(servedUntil) - Date.parse(since);
}

async function skippedIn({ deps, jobId }: TaskCall, { target }: Plan) {
  const skipped = target.skipBadVectors && (await deps.ledger.read(jobId, "skipped", skippedRows));
  return skipped ? { skippedRows: skipped.rows } : {};
}

/** What is built anew has the vectors of before; a migration makes them itself, or has others. */
async function embeddingIn(call: TaskCall) {
  const isMade = call.input.type === "migrate";
  const embedding = isMade ? (await planOf(call)).target.embedding : (await publishedIn(call)).embedding;
  return embedding ? { embedding } : {};
}

export async function runRetire({ deps, input }: TaskCall) {
  return { waiting: await retireGenerations(deps, input.index, deps.retireAfterMs) };
}

/**
 * An optimization keeps to what the job asked for that it optimizes the index of.
 * @param leftOut columns that got no index
 */
async function askedIn(call: TaskCall, leftOut: string[]): Promise<AskedIndex | undefined> {
  const made = await planOf(call);
  const fullText = made.fullText.length > 0 ? made.fullText : undefined;
  const input = buildInputOf(call);
  if (input.type === "optimize") return keptAsked((await publishedIn(call)).asked, fullText);
  const { indexType, indexParameters } = input;
  const before = input.type === "build-index" ? (await publishedIn(call)).asked : undefined;
  const named = input.filterColumns ?? [];
  const joined = (...lists: (string[] | undefined)[]) => [...new Set(lists.flatMap((list) => list ?? []))];
  const filterColumns = joined(before?.filterColumns, made.filterColumns);
  const unasked = joined(before?.unaskedFilterColumns, made.unaskedFilterColumns);
  const isBuilt = (name: string) => !leftOut.includes(name);
  return {
    ...{ indexType, indexParameters, filterColumns: filterColumns.filter(isBuilt) },
    unaskedFilterColumns: unasked.filter((name) => isBuilt(name) && !named.includes(name)),
    ...(fullText ? { fullText } : {}),
  };
}

const keptAsked = (asked: AskedIndex | undefined, fullText: AskedIndex["fullText"]) =>
  asked?.fullText ? { ...asked, fullText } : asked;
