import { limits } from "../../config/limits.ts";
import type { Buckets } from "../bucket.ts";
import { declaredEmbedder, embeddedDimension } from "../embedding/index-embedding.ts";
import type { Providers } from "../embedding/providers.ts";
import { badRequest } from "../errors.ts";
import { discardGeneration } from "../jobs/discard-generation.ts";
import type { MigrateInput } from "../jobs/job.ts";
import { type Plan, plan } from "../jobs/plan.ts";
import type { Loads } from "../load/loads.ts";
import { splitSource } from "../names.ts";
import { embeddedRowBytes, refuseNoTexts, withVectorsToCome } from "../source/embedded-source.ts";
import { refuseInflated } from "../source/expansion.ts";
import {
  encodedBytes,
  indexable,
  likelyFilterColumns,
  refuseUnfilterable,
} from "../source/filter-columns.ts";
import { invalidSource, type SourceFile } from "../source/source-layout.ts";
import { cutUnits } from "../source/units.ts";
import { inFormat } from "../stored/formats.ts";
import type { TaskContext } from "../task-context.ts";
import { resolvedFullText } from "../text/full-text.ts";
import { type BuildRoom, refuseWithoutRoom, textSeconds } from "./build-needs.ts";
import { refuseWrongChoice, withChosenColumns } from "./carried-columns.ts";
import { type ClaimDependencies, claimGeneration } from "./claim-generation.ts";
import { partitionNames, targetOf } from "./plan-target.ts";
import { readFooters, type SeenFile, type SourceDependencies } from "./source-files.ts";
import { sweepLeftovers } from "./sweep-leftovers.ts";

export interface PlanDependencies extends ClaimDependencies, SourceDependencies {
  buckets: Buckets;
  loads: Loads;
  providers: Providers;
  /** What the task that builds will have. */
  buildRoom(): Promise<BuildRoom>;
}

/**
 * The first task of a migration: reads the footers of the source, checks that all of it can be loaded, claims the next
 * generation and writes the plan. Repeated, it finds its plan.
 * @throws SourceInvalid, SourceChanged, OutsideBucket, BucketNotFound, BucketReadOnly, Conflict, IndexParametersInvalid, JobTooLarge
 */
export async function planMigration(
  deps: PlanDependencies,
  job: string,
  asked: MigrateInput,
  context: TaskContext,
): Promise<Plan> {
  const known = await deps.ledger.read(job, "plan", plan);
  if (known) return known;
  deps.buckets.writable(asked.bucket);
  const source = splitSource(asked.source);
  const embedding = embeddingOf(deps.providers, asked);
  const input = embedding ? asTold(asked, embedding.dimension) : asked;
  const read = await readableAndWritable(deps, source, input.bucket, context);
  const found = embedding
    ? withVectorsToCome(read, embedding, input.vectorColumn ?? "", embedding.dimension)
    : read;
  const files = chosenFiles(found, input);
  const { target: targeted, chosenColumns } = await targetOf(deps, source.bucket, files, input, context);
  const target = embedding ? { ...targeted, embedding: embedding.kept } : targeted;
  if (embedding) refuseNoTexts(input.source, embedding.kept, target.columns);
  const rows = files.reduce((total, { footer }) => total + footer.rows, 0);
  if (rows === 0) throw invalidSource(input.source, "holds no rows");
  refuseUnfilterable(input.filterColumns ?? [], target.columns);
  const fullText = resolvedFullText(input.fullText ?? [], target.columns);
  const ofTexts = textSeconds(fullText, (column) => encodedBytes(files, column));
  const shape = { rows, dimension: target.dimension, textSeconds: ofTexts };
  refuseWithoutRoom(input, shape, await deps.buildRoom());
  refuseInflated(input.source, files, embedding ? 0 : target.dimension);
  const rowBytes = Math.max(
    target.dimension * 4 + 64 * target.columns.length,
    embedding ? embeddedRowBytes : 0,
  );
  const units = cutUnits(files, rowBytes, target.dimension);
  const likely = likelyFilterColumns(files, target);
  const claim = await claimGeneration(deps, job, input.index, input.bucket);
  const ref = { index: input.index, bucket: input.bucket, generation: claim.generation };
  const made: Plan = {
    ref,
    generation: claim.generation,
    rows,
    target,
    chosenColumns,
    sourceBucket: source.bucket,
    files: files.map(({ key }) => key),
    seen: files.map(({ footer: { bytes, identity } }) => ({ bytes, identity })),
    units,
    notes: notesOn(files, input),
    workers: Math.min(input.workers, units.length),
    filterColumns: indexable(input.filterColumns ?? likely, target.columns),
    unaskedFilterColumns: input.filterColumns ? [] : likely,
    fullText,
    published: await publishedVersion(deps, input.index),
    claimedAt: claim.since,
  };
  await sweepLeftovers(deps, made);
  await deps.loads.create(ref, target);
  return keepPlan(deps, job, made);
}

/** Of attempts at the same time the first plan stands; a claim that a late one has made goes with what it holds. */
export async function keepPlan(deps: ClaimDependencies, job: string, made: Plan): Promise<Plan> {
  const isSecond = made.fullText.length > 0 || made.target.embedding !== undefined;
  if (await deps.ledger.writeOnce(job, "plan", inFormat(made, isSecond))) return made;
  const standing = (await deps.ledger.read(job, "plan", plan)) ?? made;
  if (standing.generation !== made.generation) await discardGeneration(deps, job, made.ref.index);
  return standing;
}

/** What a job asks of a provider. @throws BadRequest where there is none, or what it makes is not known, or not as it is asked */
function embeddingOf(providers: Providers, { embedding: asked, dimension: told, onBadVector }: MigrateInput) {
  if (!asked) return undefined;
  const embedder = declaredEmbedder(providers, asked.provider, "embedding.provider");
  const dimension = embeddedDimension(embedder, asked, told);
  if (onBadVector === "skip")
    throw badRequest({
      path: "onBadVector",
      message: "is for vectors that the source has; here they are made",
    });
  const kept = { ...asked, model: embedder.model };
  return { ...kept, dimension, kept };
}

/** As if the files had the vectors that will be made. */
function asTold(input: MigrateInput, dimension: number): MigrateInput {
  const { vectorColumn = "vector", columns } = input;
  const include = columns?.include && [...columns.include, vectorColumn];
  return { ...input, vectorColumn, dimension, ...(include ? { columns: { ...columns, include } } : {}) };
}

function chosenFiles(files: SeenFile[], input: MigrateInput): SeenFile[] {
  if (!input.columns) return files;
  refuseWrongChoice(files, input.columns, input, partitionNames(files, input));
  return withChosenColumns(files, input.columns);
}

/** Beside each other: what decodes footers takes a while to start. */
async function readableAndWritable(
  deps: PlanDependencies,
  source: { bucket: string; key: string },
  target: string,
  context: TaskContext,
): Promise<SeenFile[]> {
  const [writable, files] = await Promise.allSettled([
    deps.stores(target).ensureWritable(),
    readFooters(deps, source, context),
  ]);
  if (writable.status === "rejected") throw writable.reason;
  if (files.status === "rejected") throw files.reason;
  return files.value;
}

/** The version is null when nothing of it can be read any more: then nothing can be lost. */
async function publishedVersion({ registry, generations }: PlanDependencies, index: string) {
  const { published } = (await registry.get(index)).value;
  if (!published) return null;
  const ref = { index, bucket: published.bucket, generation: published.generation };
  return { ref, version: await generations.versionIfThere(ref) };
}

function notesOn(files: SourceFile[], input: MigrateInput): string[] {
  const names = partitionNames(files, input);
  if (input.partitionColumns === "add" || names.length === 0) return [];
  const some = names.slice(0, limits.maxNamedColumns).join(", ");
  return [`left out, as partitionColumns is "ignore", what directories tell: ${some}`];
}
