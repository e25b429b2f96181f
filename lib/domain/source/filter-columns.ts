import { limits } from "../../config/limits.ts";
import { DomainError, summaryOf } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { listed } from "../listed.ts";
import { isFilterable, type Kind, kindOf } from "../values/filter-types.ts";
import type { TargetSchema } from "./parquet-source.ts";
import type { SourceFile } from "./source-layout.ts";

/** Bytes of a column's values. */
export interface ValueWidth {
  mean: number;
  most: number;
}

/** Times are compared as numbers (filter-sql.ts), for which no index on them is used. */
const indexedKinds = new Set<Kind | undefined>(["string", "integer", "number", "boolean"]);

/**
 * The columns that may get scalar indexes where a job does not say which: numbers, booleans and strings that are short
 * on the average, which cost little and which filters are mostly about. Whether strings are short is known when they
 * are loaded: a footer tells their bytes as encoded, which are fewer.
 */
export function likelyFilterColumns(
  files: SourceFile[],
  { columns, idColumn }: Pick<TargetSchema, "columns" | "idColumn">,
): string[] {
  const rows = files.reduce((sum, { footer }) => sum + footer.rows, 0);
  return columns
    .filter(({ name }) => name !== idColumn)
    .filter(
      ({ name, type }) =>
        indexedKinds.has(kindOf(type)) && encodedBytes(files, name) <= rows * limits.likelyFilterBytes,
    )
    .map(({ name }) => name)
    .slice(0, limits.likelyFilterColumns);
}

/** Of a column's values, as they are encoded. */
export const encodedBytes = (files: SourceFile[], name: string): number =>
  files
    .flatMap(({ footer }) => footer.columns.filter((column) => column.name === name))
    .reduce((sum, { bytes }) => sum + bytes, 0);

/**
 * Why a string column is not one that filters are mostly about.
 * @param bytes of its values, of the column as it was loaded
 */
export function whyUnlikely({ mean, most }: ValueWidth): string | undefined {
  const ask = "name it in filterColumns if filters are about it";
  if (mean > limits.likelyFilterBytes)
    return `its values have ${Math.round(mean)} bytes on the average; ${ask}`;
  if (most > limits.maxFilterStringLength) return `one of its values has ${most} bytes; ${ask}`;
  return undefined;
}

/** Those that LanceDB has a scalar index for: filters by decimals, durations and lists of a fixed length go without. */
export function indexable(filterColumns: string[], columns: Column[]): string[] {
  const without = columns.filter(({ type }) => hasNoIndex(type));
  return filterColumns.filter((name) => !without.some((column) => column.name === name));
}

const hasNoIndex = (type: string) => /^(Decimal\[|Duration<|FixedSizeList\[)/.test(type);

/** @throws IndexParametersInvalid naming every column that there is not or that no filter takes, and those that fit */
export function refuseUnfilterable(filterColumns: string[], columns: Column[]): void {
  const fit = columns.filter(({ type }) => isFilterable(type)).map(({ name }) => name);
  const issues = filterColumns.flatMap((name, i) =>
    fit.includes(name)
      ? []
      : [
          {
            path: `filterColumns[${i}]`,
            message: `"${name}" cannot be filtered by; these can: ${listed(fit)}`,
          },
        ],
  );
  if (issues.length === 0) return;
  throw new DomainError("IndexParametersInvalid", summaryOf(issues), { issues });
}
