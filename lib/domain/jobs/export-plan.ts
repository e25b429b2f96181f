import { z } from "zod";
import { column, generationRef, metric } from "../index/index-entry.ts";
import { bucketAlias } from "../names.ts";

/** What an export will write, from which version: written once by its first task. It is no plan of a generation. */
export const exportPlan = z.object({
  /** That is published, and read. */
  ref: generationRef,
  version: z.int(),
  rows: z.int(),
  columns: z.array(column),
  idColumn: z.string(),
  vectorColumn: z.string(),
  dimension: z.int(),
  metric,
  bucket: bucketAlias,
  /** Of all its files; ends with `/`. */
  prefix: z.string(),
  /** Of each file but the last. */
  fileRows: z.int().positive(),
  /** Of a batch that is read at a time. */
  batchRows: z.int().positive(),
  workers: z.int(),
  claimedAt: z.string(),
});
export type ExportPlan = z.infer<typeof exportPlan>;

/** A file of an export: rows that follow each other in the version. */
export interface ExportUnit {
  id: number;
  offset: number;
  rows: number;
}

/** A file that was written, as its manifest names it. */
export const exportedFile = z.object({
  name: z.string(),
  rows: z.int(),
  bytes: z.int(),
  sha256: z.string(),
  /** As its store told it afterwards. */
  identity: z.string(),
});
export type ExportedFile = z.infer<typeof exportedFile>;

export const fileCount = ({ rows, fileRows }: Pick<ExportPlan, "rows" | "fileRows">) =>
  Math.ceil(rows / fileRows);

/** The files of one worker. */
export function exportUnitsOf(plan: ExportPlan, worker: number): ExportUnit[] {
  const share = (before: number) => Math.round((before * fileCount(plan)) / plan.workers);
  const ids = Array.from({ length: share(worker + 1) - share(worker) }, (_, i) => share(worker) + i);
  return ids.map((id) => unitAt(plan, id));
}

function unitAt({ rows, fileRows }: ExportPlan, id: number): ExportUnit {
  const offset = id * fileRows;
  return { id, offset, rows: Math.min(fileRows, rows - offset) };
}

/** Names the job: so what another has left, or a late task of one that ended, is told from it. */
export const partName = (unit: number, job: string) => `part-${String(unit).padStart(5, "0")}-${job}.parquet`;

/** Whether a name is that of a file of this job. */
export function isPartOf(name: string, job: string): boolean {
  const unit = /^part-(\d{5,9})-/.exec(name)?.[1];
  return unit !== undefined && name === partName(Number(unit), job);
}

export const manifestName = "manifest.json";
/** As long as the job writes. What begins with `_` no reader takes for data. */
export const claimFolder = "_export/";
export const claimName = `${claimFolder}job.json`;

export const prefixClaim = z.object({ job: z.string() });
