import { limits } from "../../config/limits.ts";
import { DomainError, type Issue, summaryOf } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { unfitName } from "../values/column-name.ts";
import { widenedType, withoutNulls } from "../values/column-types.ts";
import { idFormOf } from "./id-forms.ts";
import type { FileFooter, SourceColumn } from "./parquet-source.ts";

/** A file of the source and what its footer says. */
export interface SourceFile {
  key: string;
  footer: FileFooter;
}

/** Throws what a look at one file found, with the file in every path. */
export function invalidSource(file: string, message: string, where = ""): DomainError {
  const path = where ? `${file}, ${where}` : file;
  return new DomainError("SourceInvalid", `${path}: ${message}`, { issues: [{ path, message }] });
}

/**
 * One dimension for all files. Lists tell theirs by the number of values in each row group.
 * @throws SourceInvalid naming every file that differs
 */
export function commonDimension(
  files: SourceFile[],
  vectorColumn: string,
  told: number | undefined,
): number | null {
  const known = files.flatMap(({ key, footer }) => {
    const dimension = footer.columns.find(({ name }) => name === vectorColumn)?.vector?.dimension;
    return dimension ? [{ key, dimension }] : [];
  });
  const expected = told ?? known[0]?.dimension;
  if (expected === undefined) return null;
  const basis = told === undefined ? `${known[0]?.key} has ${expected}` : `the job says ${expected}`;
  const issues = known
    .filter(({ dimension }) => dimension !== expected)
    .map(({ key, dimension }) => ({ path: key, message: `vectors have dimension ${dimension}, ${basis}` }));
  if (issues.length > 0) throw invalidSources(issues);
  if (known[0]) refuseDimension(known[0].key, expected);
  return expected;
}

/** @throws SourceInvalid when vectors are longer than an index takes */
export function refuseDimension(file: string, dimension: number): void {
  if (dimension > limits.maxDimension)
    throw invalidSource(file, `vectors have dimension ${dimension}, at most ${limits.maxDimension}`);
}

/**
 * The columns of the index: those of every file by name, absent ones null, of a type that holds the values of all files.
 * The vector becomes a fixed-size list of float32, an id a string.
 * @throws SourceInvalid naming every file and column that does not agree
 */
export function mergeColumns(
  files: SourceFile[],
  names: { idColumn: string; vectorColumn: string },
  dimension: number,
): Column[] {
  const merged = new Map<string, { type: string; file: string; fixed: boolean }>();
  const issues: Issue[] = [];
  for (const { key, footer } of files) {
    for (const column of footer.columns) {
      const type = typeIn(column, names, dimension);
      const before = merged.get(column.name);
      const fixed = before?.fixed || (column.fixedBinary === "any" && type === "Binary");
      const common = before ? commonType(before.type, type, fixed) : type;
      if (common) merged.set(column.name, { type: common, file: before?.file ?? key, fixed });
      else if (before)
        issues.push({
          path: columnPath(key, column.name),
          message: `is ${type}, in ${before.file} it is ${before.type}`,
        });
    }
    for (const issue of columnIssues(key, footer, names)) issues.push(issue);
  }
  if (issues.length > 0) throw invalidSources(issues);
  return [...merged].map(([name, { type }]) => ({ name, type: withoutNulls(type) }));
}

/** Bytes of a fixed size are no text, which those of any size may be. */
function commonType(a: string, b: string, fixed: boolean): string | undefined {
  const type = widenedType(a, b);
  return fixed && type === "Utf8" ? undefined : type;
}

function typeIn(
  column: SourceColumn,
  names: { idColumn: string; vectorColumn: string },
  dimension: number,
): string {
  if (column.name === names.vectorColumn && column.vector) return `FixedSizeList[${dimension}]<Float32>`;
  if (column.name === names.idColumn && idFormOf(column)) return "Utf8";
  return column.type;
}

export const encryptedColumn =
  "is encrypted, and no key of it is known here; write it without encryption, or leave it out";

function columnIssues(
  file: string,
  footer: FileFooter,
  names: { idColumn: string; vectorColumn: string },
): Issue[] {
  const has = new Set(footer.columns.map(({ name }) => name));
  const missing = [names.idColumn, names.vectorColumn].filter((name) => !has.has(name));
  const vector = footer.columns.find(({ name }) => name === names.vectorColumn);
  return [
    ...missing.map((name) => ({ path: file, message: `has no column "${name}"` })),
    ...(vector && !vector.vector
      ? [{ path: file, message: `column "${vector.name}" holds no vectors (${vector.type})` }]
      : []),
    ...footer.columns.flatMap(({ name }) => nameIssue(file, name, names.idColumn)),
    ...repeated(footer.columns).map((name) => ({
      path: columnPath(file, name),
      message: "is there more than once; rename one",
    })),
    ...footer.columns
      .filter(({ encrypted }) => encrypted)
      .map(({ name }) => ({
        path: columnPath(file, name),
        message: encryptedColumn,
      })),
    ...footer.columns
      .filter((one) => !one.carried && !one.encrypted && one.name !== names.vectorColumn)
      .map(({ name, type }) => ({
        path: columnPath(file, name),
        message: `${type} cannot be stored; leave the column out or write it as a string, number, time or list of them`,
      })),
    ...(has.size > limits.maxColumns
      ? [{ path: file, message: `has ${has.size} columns, at most ${limits.maxColumns}` }]
      : []),
  ];
}

function nameIssue(file: string, name: string, idColumn: string): Issue[] {
  const message = unfitName(name, idColumn);
  return message === undefined ? [] : [{ path: columnPath(file, name), message }];
}

function repeated(columns: SourceColumn[]): string[] {
  const [seen, twice] = [new Set<string>(), new Set<string>()];
  for (const { name } of columns) (seen.has(name) ? twice : seen).add(name);
  return [...twice];
}

/** Control characters as escapes, and not all of a very long name. */
function columnPath(file: string, name: string): string {
  return `${file}, column ${JSON.stringify(name).slice(1, -1).slice(0, 64)}`;
}

/** The same for several: the first of them are named. @param more how many there are beside these */
export function invalidSources(issues: Issue[], more = 0): DomainError {
  return new DomainError("SourceInvalid", summaryOf(issues, more), { issues, more });
}
