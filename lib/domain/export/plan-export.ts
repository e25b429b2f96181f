import { limits } from "../../config/limits.ts";
import type { Buckets } from "../bucket.ts";
import { badRequest } from "../errors.ts";
import type { Column, Publication } from "../index/index-entry.ts";
import { publishedOf } from "../index/published.ts";
import { type ExportInput, splitTarget } from "../jobs/export-input.ts";
import { type ExportPlan, exportPlan } from "../jobs/export-plan.ts";
import { listed } from "../listed.ts";
import { type ClaimDependencies, claimGeneration } from "../plan/claim-generation.ts";
import { claimPrefix } from "./claim-prefix.ts";
import type { Exports } from "./exports.ts";

export interface ExportDependencies extends ClaimDependencies {
  buckets: Buckets;
  exports: Exports;
}

/**
 * The first task of an export: claims the index, so that no other job replaces what is read and no version of it is
 * cleaned up meanwhile, notes the version, and claims the target. Documents are written to the index as ever; they are in a
 * later version. Repeated, it finds its plan.
 * @throws IndexNotFound, IndexNotReady, BucketNotFound, BucketReadOnly, BadRequest, Conflict
 */
export async function planExport(
  deps: ExportDependencies,
  job: string,
  input: ExportInput,
): Promise<ExportPlan> {
  const made = (await deps.ledger.read(job, "export", exportPlan)) ?? (await planned(deps, job, input));
  await claimPrefix(deps.stores, made, job);
  return made;
}

async function planned(deps: ExportDependencies, job: string, input: ExportInput): Promise<ExportPlan> {
  const { bucket, prefix } = splitTarget(input.target);
  deps.buckets.writable(bucket);
  await deps.stores(bucket).ensureWritable();
  const served = publishedOf((await deps.registry.get(input.index)).value);
  const claim = await claimGeneration(deps, job, input.index, served.bucket);
  const published = publishedOf((await deps.registry.get(input.index)).value);
  const ref = { index: input.index, bucket: published.bucket, generation: published.generation };
  const version = await deps.generations.version(ref);
  const [{ rows, bytes }, stored] = await Promise.all([
    deps.exports.sizeOf(ref, version),
    deps.generations.columns(ref, version),
  ]);
  const columns = chosenColumns(stored, input);
  const most = rowsIn(limits.exportFileBytes, rows, bytes, published);
  const fileRows = Math.min(input.fileRows ?? most, most);
  refuseManyFiles(rows, fileRows);
  const { idColumn, vectorColumn, dimension, metric } = published;
  const made: ExportPlan = {
    ...{ ref, version, rows, columns, idColumn, vectorColumn, dimension, metric, bucket, prefix, fileRows },
    batchRows: Math.min(rowsIn(limits.exportBatchBytes, rows, bytes, published), limits.exportRowGroupRows),
    workers: Math.max(1, Math.min(input.workers, Math.ceil(rows / fileRows))),
    claimedAt: claim.since,
  };
  await deps.ledger.writeOnce(job, "export", made);
  return (await deps.ledger.read(job, "export", exportPlan)) ?? made;
}

/** By what rows take where they are stored, but for vectors, which are as long anywhere. */
function rowsIn(fileBytes: number, rows: number, bytes: number, { dimension }: Publication): number {
  const rowBytes = Math.max(bytes / Math.max(1, rows), 4 * dimension);
  return Math.max(1, Math.floor(fileBytes / rowBytes));
}

/** @throws BadRequest */
function refuseManyFiles(rows: number, fileRows: number): void {
  const files = Math.ceil(rows / fileRows);
  if (files <= limits.maxExportFiles) return;
  const message = `makes ${files} files of ${rows} rows; at most ${limits.maxExportFiles} are written`;
  throw badRequest({ path: "fileRows", message });
}

/** @throws BadRequest where a column is not there, or of a type that is not carried over */
function chosenColumns(
  { all, carried }: { all: Column[]; carried: Column[] },
  { columns }: ExportInput,
): Column[] {
  const isCarried = (name: string) => carried.some((one) => one.name === name);
  const wanted = [...new Set(columns ?? all.map(({ name }) => name))];
  const issues = wanted.flatMap((name) => {
    const there = all.find((one) => one.name === name);
    if (there && isCarried(name)) return [];
    const message = there
      ? `column ${JSON.stringify(name)} is ${there.type}, which is not exported; name others in columns`
      : `there is no column ${JSON.stringify(name)}; there are ${listed(all.map((one) => one.name))}`;
    return [{ path: "columns", message }];
  });
  if (issues.length > 0) throw badRequest(issues);
  return wanted.flatMap((name) => all.filter((one) => one.name === name));
}
