import { limits } from "../../config/limits.ts";
import type { Buckets } from "../bucket.ts";
import { declaredEmbedder, embeddedDimension } from "../embedding/index-embedding.ts";
import type { Providers } from "../embedding/providers.ts";
import { badRequest } from "../errors.ts";
import type { ChosenColumns } from "../index/index-entry.ts";
import { discardGeneration } from "../jobs/discard-generation.ts";
import type { MigrateInput } from "../jobs/job.ts";
import { type Plan, plan } from "../jobs/plan.ts";
import type { Loads } from "../load/loads.ts";
import { splitSource } from "../names.ts";
import type { ObjectStat, Stores } from "../object-store.ts";
import { chooseColumns } from "../source/choose-columns.ts";
import { embeddedRowBytes, refuseNoTexts, withVectorsToCome } from "../source/embedded-source.ts";
import { refuseInflated } from "../source/expansion.ts";
import { indexable, likelyFilterColumns, refuseUnfilterable } from "../source/filter-columns.ts";
import type { FileFooter, ParquetSource, TargetSchema } from "../source/parquet-source.ts";
import { partitionsOf, withPartitions } from "../source/partition-columns.ts";
import {
  commonDimension,
  invalidSource,
  mergeColumns,
  refuseDimension,
  type SourceFile,
} from "../source/source-layout.ts";
import { cutUnits } from "../source/units.ts";
import { inFormat } from "../stored/formats.ts";
import type { TaskContext } from "../task-context.ts";
import { resolvedFullText } from "../text/full-text.ts";
import { type BuildRoom, refuseWithoutRoom } from "./build-needs.ts";
import { refuseWrongChoice, withChosenColumns } from "./carried-columns.ts";
import { type ClaimDependencies, claimGeneration } from "./claim-generation.ts";
import { sweepLeftovers } from "./sweep-leftovers.ts";

export interface PlanDependencies extends ClaimDependencies {
  buckets: Buckets;
  stores: Stores;
  parquet: ParquetSource;
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
  refuseWithoutRoom(input, { rows, dimension: target.dimension }, await deps.buildRoom());
  refuseUnfilterable(input.filterColumns ?? [], target.columns);
  const fullText = resolvedFullText(input.fullText ?? [], target.columns);
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

/** A file of the source, bound to what it was when its footer was read. */
interface SeenFile extends SourceFile {
  footer: FileFooter & ObjectStat;
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

/** The Parquet files under a key or prefix, by name. */
async function sourceKeys(
  deps: PlanDependencies,
  source: { bucket: string; key: string },
): Promise<string[]> {
  const store = deps.stores(source.bucket);
  const name = `${source.bucket}/${source.key}`;
  if ((await store.stat(source.key)) !== undefined) return [source.key];
  const prefix = `${source.key}/`;
  const under = await store.list(prefix, { limit: limits.maxSourceFiles + 1 });
  // the listing ends here, so what follows may be data that would be missed
  if (under.length > limits.maxSourceFiles)
    throw invalidSource(name, `holds more than ${limits.maxSourceFiles} files`);
  const keys = under.map(({ key }) => key).filter((key) => isData(key.slice(prefix.length)));
  if (keys.length > 0) return keys;
  const why =
    under.length > 0
      ? `none of its ${under.length} files ends with .parquet`
      : "there is no such file or prefix";
  throw invalidSource(name, why);
}

/**
 * What starts with `_` or `.`, file or folder, is not data, as everywhere else: logs, markers, unfinished output. But for
 * `_key=value`: its key is a column.
 */
function isData(path: string): boolean {
  return !/(^|\/)(\.|_(?![^/]*=.*\/))/.test(path) && /\.(parquet|parq|pq)$/i.test(path);
}

async function readFooters(
  deps: PlanDependencies,
  source: { bucket: string; key: string },
  context: TaskContext,
): Promise<SeenFile[]> {
  const keys = await sourceKeys(deps, source);
  const footers = await deps.parquet.footers(source.bucket, keys, context.signal);
  return keys.flatMap((key, i) => (footers[i] ? [{ key, footer: footers[i] }] : []));
}

async function targetOf(
  deps: PlanDependencies,
  bucket: string,
  files: SeenFile[],
  input: MigrateInput,
  context: TaskContext,
): Promise<{ target: TargetSchema; chosenColumns: ChosenColumns }> {
  const chosenColumns = chooseColumns(files, input);
  const names = { idColumn: chosenColumns.id.name, vectorColumn: chosenColumns.vector.name };
  const dimension =
    commonDimension(withSureDimensions(files, input), names.vectorColumn, input.dimension) ??
    (await readDimension(deps, bucket, firstWithRows(files), names.vectorColumn, context));
  const partitionBase = input.partitionColumns === "add" ? baseOf(input) : undefined;
  const all = partitionBase === undefined ? files : withPartitions(files, partitionBase, names);
  const columns = mergeColumns(input.columns ? withChosenColumns(all, input.columns) : all, names, dimension);
  const target = { ...names, dimension, columns, ...vectorRules(input) };
  return { target: partitionBase ? { ...target, partitionBase } : target, chosenColumns };
}

/** Lists tell their dimension by the number of their values; where some may have another, that is no dimension. */
function withSureDimensions(files: SourceFile[], { onBadVector }: MigrateInput): SourceFile[] {
  if (onBadVector === "fail") return files;
  return files.map(({ key, footer }) => {
    const columns = footer.columns.map((column) =>
      column.vector?.layout === "list"
        ? { ...column, vector: { ...column.vector, dimension: null } }
        : column,
    );
    return { key, footer: { ...footer, columns } };
  });
}

const vectorRules = ({ metric, onBadVector }: MigrateInput) => ({
  refuseZeroVectors: metric === "cosine",
  ...(onBadVector === "skip" ? { skipBadVectors: true } : {}),
});

/** Directories above the source say nothing of its rows; of a single file all are. */
const baseOf = ({ source }: MigrateInput) => `${splitSource(source).key}/`;

function partitionNames(files: SourceFile[], input: MigrateInput): string[] {
  const base = baseOf(input);
  return [...new Set(files.flatMap(({ key }) => partitionsOf(base, key).map(([name]) => name)))];
}

function notesOn(files: SourceFile[], input: MigrateInput): string[] {
  const names = partitionNames(files, input);
  if (input.partitionColumns === "add" || names.length === 0) return [];
  const some = names.slice(0, limits.maxNamedColumns).join(", ");
  return [`left out, as partitionColumns is "ignore", what directories tell: ${some}`];
}

async function readDimension(
  deps: PlanDependencies,
  bucket: string,
  { key, footer: { bytes, identity } }: SeenFile,
  column: string,
  { signal }: TaskContext,
): Promise<number> {
  const file = { key, bytes, identity };
  const dimension = await deps.parquet.firstDimension(bucket, file, column, signal);
  refuseDimension(key, dimension);
  return dimension;
}

function firstWithRows(files: SeenFile[]): SeenFile {
  const found = files.find(({ footer }) => footer.rows > 0);
  if (found) return found;
  throw invalidSource(files[0]?.key ?? "", "holds no rows");
}
