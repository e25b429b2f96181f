import { limits } from "../config/limits.ts";
import { DomainError, type Issue, summaryOf } from "./errors.ts";
import type { Column } from "./index-entry.ts";
import { listed } from "./listed.ts";
import type { FileFooter, SourceColumn } from "./ports.ts";

/** A file of the source and what its footer says. */
export interface SourceFile {
  key: string;
  footer: FileFooter;
}

const idNames = ["doc_id", "id", "_id", "uuid", "key"];
const vectorNames = ["vector", "embedding", "embeddings", "emb", "values"];
/** Names LanceDB gives to columns of its own, and those of our hits. */
const reservedNames = new Set([
  "_distance",
  "_rowid",
  "_rowaddr",
  "_rowoffset",
  "_row_created_at_version",
  "_row_last_updated_at_version",
  "_score",
  "_relevance_score",
  "distance",
  "score",
]);
/** Of the columns that say where a row came from, while it is loaded and counted. */
const originNames = /^_(origin|sealed_.*)$/i;
const idType = /^(Utf8|U?[Ii]nt(8|16|32|64))$/;

/** Throws what a look at one file found, with the file in every path. */
export function invalidSource(file: string, message: string, where = ""): DomainError {
  const path = where ? `${file}, ${where}` : file;
  return new DomainError("SourceInvalid", `${path}: ${message}`, { issues: [{ path, message }] });
}

/**
 * The id and vector columns: the ones told, else found by name, else the only one whose type fits.
 * @throws SourceInvalid naming the file and the columns it has
 */
export function resolveColumns(
  first: SourceFile,
  told: { idColumn?: string; vectorColumn?: string },
): { idColumn: string; vectorColumn: string } {
  const { columns } = first.footer;
  const ids = columns.filter(({ type }) => idType.test(type));
  const vectors = columns.filter(({ vector }) => vector);
  return {
    vectorColumn: pick(first.key, "vector", vectors, columns, vectorNames, told.vectorColumn),
    idColumn: pick(first.key, "id", ids, columns, idNames, told.idColumn),
  };
}

function pick(
  file: string,
  role: "id" | "vector",
  fitting: SourceColumn[],
  all: SourceColumn[],
  names: string[],
  told: string | undefined,
): string {
  const has = listed(all.map(({ name, type }) => `${name} (${type})`));
  const kind = role === "id" ? "a string or integer" : "a list, fixed-size list or binary of floats";
  if (told !== undefined) {
    if (fitting.some(({ name }) => name === told)) return told;
    const exists = all.some(({ name }) => name === told);
    const why = exists ? `column "${told}" is not ${kind}` : `has no column "${told}"`;
    throw invalidSource(file, `${why}; it has: ${has}`);
  }
  const named = names.find((name) => fitting.some((one) => one.name === name));
  if (named !== undefined) return named;
  const [only, ...others] = fitting;
  if (only && others.length === 0) return only.name;
  const found = only ? `more than one could be the ${role} column` : `has no ${role} column (${kind})`;
  throw invalidSource(file, `${found}; name it with ${role}Column. It has: ${has}`);
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
 * The columns of the index: those of every file by name, absent ones null. The vector becomes a fixed-size list of
 * float32, an integer id a string.
 * @throws SourceInvalid naming every file and column that does not agree
 */
export function mergeColumns(
  files: SourceFile[],
  names: { idColumn: string; vectorColumn: string },
  dimension: number,
): Column[] {
  const merged = new Map<string, { type: string; file: string }>();
  const issues: Issue[] = [];
  for (const { key, footer } of files) {
    for (const column of footer.columns) {
      const type = typeIn(column, names, dimension);
      const before = merged.get(column.name);
      if (!before) merged.set(column.name, { type, file: key });
      else if (before.type !== type)
        issues.push({
          path: columnPath(key, column.name),
          message: `is ${type}, in ${before.file} it is ${before.type}`,
        });
    }
    for (const issue of columnIssues(key, footer, names)) issues.push(issue);
  }
  if (issues.length > 0) throw invalidSources(issues);
  return [...merged].map(([name, { type }]) => ({ name, type }));
}

function typeIn(
  column: SourceColumn,
  names: { idColumn: string; vectorColumn: string },
  dimension: number,
): string {
  if (column.name === names.vectorColumn && column.vector) return `FixedSizeList[${dimension}]<Float32>`;
  if (column.name === names.idColumn && idType.test(column.type)) return "Utf8";
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
  const path = columnPath(file, name);
  if (reservedNames.has(name.toLowerCase()) || originNames.test(name))
    return [{ path, message: "the name is reserved; rename the column" }];
  // every hit and document carries its id under this name
  if (name === "doc_id" && idColumn !== name)
    return [{ path, message: `the name is reserved for the id, which is ${idColumn}; rename the column` }];
  // LanceDB reads a dot as a path into a struct and cannot quote a backtick
  if (/[`.\p{Cc}]/u.test(name) || name === "")
    return [{ path, message: "a column name may not be empty or hold . ` or control characters" }];
  return [];
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

/** The same for several: the first of them are named. */
export function invalidSources(issues: Issue[]): DomainError {
  return new DomainError("SourceInvalid", summaryOf(issues), { issues });
}
