import { limits } from "../../config/limits.ts";
import { badRequest, type Issue } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { unfitName } from "../values/column-name.ts";
import { type DocumentForm, idField } from "./document-batch.ts";
import type { Given } from "./document-tables.ts";

type Inferred = string | null | { issue: string };

/**
 * The columns that documents tell, beside the id and the vector: strings are Utf8, integers Int64, other numbers Float64,
 * booleans Bool, and lists of these. One that holds nulls or empty lists alone tells nothing.
 * @throws BadRequest naming values that no column holds, or not the same one
 */
export function inferredColumns(form: DocumentForm, documents: readonly unknown[]): Column[] {
  const types = new Map<string, string | null>();
  const issues: Issue[] = [];
  for (const [i, document] of documents.entries()) {
    if (typeof document !== "object" || document === null) continue; // refused where all of it is looked at
    for (const [name, value] of Object.entries(document)) {
      if (isOwn(form, name)) continue;
      const before = types.get(name);
      const type = before === undefined && nameIssue(form, name, types.size);
      const found = type || joined(before ?? null, typeOf(value));
      if (isIssue(found)) issues.push({ path: `documents[${i}].${name}`, message: found.issue });
      else types.set(name, found);
      if (issues.length > limits.maxIssues) throw badRequest(issues);
    }
  }
  if (issues.length > 0) throw badRequest(issues);
  return [...types].flatMap(([name, type]) => (type === null ? [] : [{ name, type }]));
}

/** Those of a stream, which tells its types; of nulls alone nothing is known. */
export function streamedColumns(form: DocumentForm, columns: Column[]): Column[] {
  const issues: Issue[] = [];
  const own = columns.filter(({ name, type }) => !isOwn(form, name) && !/\bNull\b/.test(type));
  for (const [i, { name }] of own.entries()) {
    const found = nameIssue(form, name, i);
    if (found) issues.push({ path: `schema.${name}`, message: found.issue });
  }
  if (issues.length > 0) throw badRequest(issues);
  return own;
}

/** The documents without what tells nothing: a column of nulls. */
export function withoutUntold(columns: readonly Column[], given: Given): Given {
  const told = new Set([...columns.map(({ name }) => name), idField]);
  const documents = given.documents.map((document) =>
    typeof document === "object" && document !== null && !Array.isArray(document)
      ? Object.fromEntries(Object.entries(document).filter(([name]) => told.has(name)))
      : document,
  ) as Record<string, unknown>[];
  if (!("columns" in given)) return { documents };
  return { columns: given.columns.filter(({ name }) => told.has(name)), documents };
}

const isOwn = ({ idColumn, vectorColumn, embedding }: DocumentForm, name: string) =>
  [idColumn, vectorColumn, idField, embedding?.column].includes(name);

const isIssue = (found: Inferred): found is { issue: string } => typeof found === "object" && found !== null;

function nameIssue({ idColumn }: DocumentForm, name: string, known: number): { issue: string } | undefined {
  if (known >= limits.maxColumns - 2)
    return { issue: `is one column more than the ${limits.maxColumns} of an index` };
  const issue = name.length > limits.maxColumnNameLength ? "has too long a name" : unfitName(name, idColumn);
  return issue === undefined ? undefined : { issue };
}

function typeOf(value: unknown): Inferred {
  if (value === null) return null;
  if (!Array.isArray(value)) return scalarTypeOf(value);
  const item = value
    .map(scalarTypeOf)
    .reduce<Inferred>((one, other) => (isIssue(one) ? one : joined(one, other)), null);
  return item === null || isIssue(item) ? item : `List<${item}>`;
}

function scalarTypeOf(value: unknown): Inferred {
  if (value === null) return null;
  if (typeof value === "string") return "Utf8";
  if (typeof value === "boolean") return "Bool";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "Int64" : "Float64";
  return {
    issue: Array.isArray(value)
      ? "is a list of lists, which no column holds"
      : "is an object, which no column holds",
  };
}

/** The type that holds both. */
function joined(one: string | null, other: Inferred): Inferred {
  if (one === null || isIssue(other)) return other;
  if (other === null || one === other) return one;
  const widened = [one, other].map((type) => type.replace("Int64", "Float64"));
  return widened[0] === widened[1]
    ? (widened[0] as string)
    : { issue: `is ${other}, and ${one} in documents before it; tell its type as the index is made` };
}
