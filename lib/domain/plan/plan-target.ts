import type { ChosenColumns } from "../index/index-entry.ts";
import type { MigrateInput } from "../jobs/job.ts";
import { splitSource } from "../names.ts";
import { chooseColumns } from "../source/choose-columns.ts";
import type { ParquetSource, TargetSchema } from "../source/parquet-source.ts";
import { partitionsOf, withPartitions } from "../source/partition-columns.ts";
import {
  commonDimension,
  invalidSource,
  mergeColumns,
  refuseDimension,
  type SourceFile,
} from "../source/source-layout.ts";
import type { TaskContext } from "../task-context.ts";
import { withChosenColumns } from "./carried-columns.ts";
import type { SeenFile } from "./source-files.ts";

/**
 * What a migration makes of its files: the columns, of which one holds ids and one vectors, and what is asked of these.
 * @param bucket of the files
 * @throws SourceInvalid
 */
export async function targetOf(
  deps: { parquet: ParquetSource },
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

/** Columns that directories `key=value` tell. */
export function partitionNames(files: SourceFile[], input: MigrateInput): string[] {
  const base = baseOf(input);
  return [...new Set(files.flatMap(({ key }) => partitionsOf(base, key).map(([name]) => name)))];
}

async function readDimension(
  deps: { parquet: ParquetSource },
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
