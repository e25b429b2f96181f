import { limits } from "../../config/limits.ts";
import { badRequest, type Issue } from "../errors.ts";
import type { Column, Publication } from "../index/index-entry.ts";
import { listed } from "../listed.ts";
import { areSeveralVectors, noSeveralVectors } from "../values/several-vectors.ts";
import { type StoredValue, storedForm, storedValue } from "../values/stored-value.ts";
import type { DocumentBatch, DocumentPatch } from "./document-tables.ts";

/** What of an index its documents have to fit. */
export interface DocumentForm
  extends Pick<Publication, "idColumn" | "vectorColumn" | "dimension" | "metric" | "columns" | "embedding"> {
  /** Columns that hold no nulls; none without it. */
  required?: readonly string[];
}

/** As answers name the id of a document, whatever its column is called. */
export const idField = "doc_id";

/**
 * Documents as their index stores them: a column that a document lacks is null.
 * @throws BadRequest with every problem of every document (`documents[3].vector[7]`)
 */
export function documentBatch(form: DocumentForm, documents: readonly unknown[]): DocumentBatch {
  const found = new Problems();
  const rows = documents.map((document, i) => rowOf(form, document, `documents[${i}]`, found));
  refuseRepeatedIds(form, rows, found);
  found.refuse();
  return { columns: form.columns, rows: rows as StoredValue[][] };
}

/**
 * Changes of documents, each by its id, as their index stores them.
 * @throws BadRequest with every problem of every document (`documents[3].vector[7]`)
 */
export function documentPatch(form: DocumentForm, documents: readonly unknown[]): DocumentPatch {
  const found = new Problems();
  const rows = documents.map((document, i) => changeOf(form, document, `documents[${i}]`, found));
  refuseRepeatedIds(form, rows, found);
  found.refuse();
  return { columns: form.columns, rows: rows as DocumentPatch["rows"] };
}

/** The same values for each of these documents. @param ids as their column holds them */
export function samePatch(
  { columns, idColumn }: DocumentForm,
  ids: StoredValue[],
  values: Map<string, StoredValue>,
): DocumentPatch {
  const rows = ids.map((id) => columns.map(({ name }) => (name === idColumn ? id : values.get(name))));
  return { columns, rows };
}

/** Values by column, but for the id. @throws BadRequest with every problem (`set.size`) */
export function storedSet(form: DocumentForm, set: Record<string, unknown>): Map<string, StoredValue> {
  const found = new Problems();
  const fields = fieldsOf(form, set, "set", found) ?? new Map();
  if (fields.has(form.idColumn)) found.add(`set.${form.idColumn}`, "is the id, which cannot be changed");
  fields.delete(form.idColumn);
  const row = valuesOf(form, fields, "set", found);
  found.refuse();
  return new Map(form.columns.flatMap(({ name }, i) => (fields.has(name) ? [[name, row[i] ?? null]] : [])));
}

/** As their column holds them. */
export function idsOf(idColumn: string, { columns, rows }: DocumentPatch): StoredValue[] {
  const at = columns.findIndex(({ name }) => name === idColumn);
  return rows.map((row) => row[at] ?? null);
}

/** An id of a request as its column holds it. @throws BadRequest naming it */
export function storedId({ columns, idColumn }: DocumentForm, id: string, path: string): StoredValue {
  const type = typeOf(columns, idColumn);
  const value = storedValue(id, type);
  if (value !== undefined) return value;
  throw badRequest({ path, message: `must be ${storedForm(type)}` });
}

/** So many as an answer names; the others are counted. */
class Problems {
  readonly #issues: Issue[] = [];
  #more = 0;

  add(path: string, message: string): undefined {
    if (this.#issues.length < limits.maxIssues) this.#issues.push({ path, message });
    else this.#more++;
  }

  refuse(): void {
    if (this.#issues.length > 0) throw badRequest(this.#issues, this.#more);
  }
}

const typeOf = (columns: readonly Column[], name: string) =>
  columns.find((column) => column.name === name)?.type ?? "";

/** @returns undefined where a problem was found */
function rowOf(
  form: DocumentForm,
  document: unknown,
  path: string,
  found: Problems,
): (StoredValue | undefined)[] | undefined {
  const fields = fieldsOf(form, document, path, found);
  return fields && form.columns.map((column) => fieldOf(form, column, fields.get(column.name), path, found));
}

/** The same of a document that is there: what it does not name is undefined. */
function changeOf(
  form: DocumentForm,
  document: unknown,
  path: string,
  found: Problems,
): (StoredValue | undefined)[] | undefined {
  const fields = fieldsOf(form, document, path, found);
  if (!fields) return undefined;
  if (!fields.has(form.idColumn)) found.add(`${path}.${form.idColumn}`, "every document has an id");
  else if (fields.size === 1) found.add(path, "names nothing that is to be changed");
  return valuesOf(form, fields, path, found);
}

const valuesOf = (form: DocumentForm, fields: Map<string, unknown>, path: string, found: Problems) =>
  form.columns.map((column) =>
    fields.has(column.name) ? fieldOf(form, column, fields.get(column.name), path, found) : undefined,
  );

/** By column. @returns undefined where it is no object */
function fieldsOf(
  form: DocumentForm,
  document: unknown,
  path: string,
  found: Problems,
): Map<string, unknown> | undefined {
  if (typeof document !== "object" || document === null || Array.isArray(document))
    return found.add(path, "must be an object of values by column");
  const fields = named(form, document as Record<string, unknown>);
  for (const name of fields.keys())
    if (!form.columns.some((column) => column.name === name))
      found.add(`${path}.${name}`, unknownColumn(form));
  return fields;
}

/** By column; an id that is given as answers show it is that of its column. */
function named({ columns, idColumn }: DocumentForm, document: Record<string, unknown>): Map<string, unknown> {
  const fields = new Map(Object.entries(document));
  const isAlias = !columns.some(({ name }) => name === idField);
  if (isAlias && fields.has(idField) && !fields.has(idColumn)) {
    fields.set(idColumn, fields.get(idField));
    fields.delete(idField);
  }
  return fields;
}

const unknownColumn = ({ columns }: DocumentForm) =>
  `no such column; there are: ${listed(columns.map(({ name }) => name))}`;

function fieldOf(
  form: DocumentForm,
  { name, type }: Column,
  value: unknown,
  documentPath: string,
  found: Problems,
): StoredValue | undefined {
  const path = `${documentPath}.${name}`;
  if (name === form.vectorColumn) return vectorOf(form, value, path, found);
  if (name === form.idColumn) return idOf(type, value, path, found);
  const stored = storedValue(value ?? null, type);
  if (stored === null && form.required?.includes(name))
    return found.add(path, `must be ${storedForm(type)}: whoever added the column allows no nulls in it`);
  return stored === undefined ? found.add(path, `must be ${storedForm(type)}`) : stored;
}

function idOf(type: string, value: unknown, path: string, found: Problems): StoredValue | undefined {
  if (value === undefined || value === null) return found.add(path, "every document has an id");
  const stored = storedValue(value, type);
  if (stored === undefined) return found.add(path, `must be ${storedForm(type)}`);
  const length = String(stored).length;
  return length > 0 && length <= limits.maxDocIdLength
    ? stored
    : found.add(path, `must have 1 to ${limits.maxDocIdLength} characters`);
}

function vectorOf(
  form: DocumentForm,
  value: unknown,
  path: string,
  found: Problems,
): StoredValue | undefined {
  const { dimension, metric } = form;
  if (!Array.isArray(value)) return found.add(path, `must be an array of ${dimension} numbers`);
  if (areSeveralVectors(value)) return found.add(path, noSeveralVectors);
  if (value.length !== dimension)
    return found.add(path, `has ${value.length} numbers, the index's vectors have ${dimension}`);
  const wrong = value.findIndex((one) => !Number.isFinite(one));
  if (wrong >= 0) return found.add(`${path}[${wrong}]`, "must be a finite number");
  const squared = value.reduce((sum: number, one: number) => sum + Math.fround(one) ** 2, 0);
  if (squared > limits.maxSquaredLength)
    return found.add(path, "is too long: distances to it would be infinite");
  if (squared === 0)
    return metric === "cosine" ? found.add(path, "has the length 0, which has no cosine") : value;
  return squared < limits.leastSquaredLength
    ? found.add(path, "is too short: distances to it would be wrong")
    : value;
}

function refuseRepeatedIds(
  { columns, idColumn }: DocumentForm,
  rows: ((StoredValue | undefined)[] | undefined)[],
  found: Problems,
): void {
  const at = columns.findIndex(({ name }) => name === idColumn);
  const seen = new Map<StoredValue, number>();
  for (const [i, row] of rows.entries()) {
    const id = row?.[at];
    if (id === undefined || id === null) continue;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, i);
    else found.add(`documents[${i}].${idColumn}`, `is the id of documents[${first}], too`);
  }
}
