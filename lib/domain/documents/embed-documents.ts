import { limits } from "../../config/limits.ts";
import { type EmbeddedForm, embedFor } from "../embedding/index-embedding.ts";
import type { Providers } from "../embedding/providers.ts";
import { badRequest, type Issue } from "../errors.ts";
import type { IndexEmbedding } from "../index/index-entry.ts";
import type { DocumentPatch } from "./document-tables.ts";

/** What of an index says how its documents get their vectors. */
export interface EmbeddingForm extends EmbeddedForm {
  vectorColumn: string;
}

interface Embedding {
  providers: Providers;
  /** What is left of the request's time. */
  timeoutMs(): number;
  /** Looks at the documents before anything is paid for: with a vector that fits in the place of those to be made. @throws BadRequest */
  check(documents: unknown[]): void;
  /** Of a patch, which leaves vectors as they are where it names neither text nor vector. */
  isPatch?: boolean;
  /** Where document i is named in errors. */
  pathOf?(i: number): string;
}

/** Documents with vectors, and of which of them these were made here. */
export interface WithVectors {
  documents: unknown[];
  made: readonly boolean[];
}

/**
 * Documents of an index with an embedding provider, each with a vector: the one that it brings, or one of its text.
 * @throws BadRequest naming those that have neither, EmbeddingMismatch, EmbeddingUnavailable, EmbeddingRefused
 */
export async function withVectors(
  form: EmbeddingForm,
  documents: unknown[],
  { providers, timeoutMs, check, isPatch = false, pathOf = (i) => `documents[${i}]` }: Embedding,
): Promise<WithVectors> {
  const { embedding, vectorColumn } = form;
  if (!embedding) return { documents, made: [] };
  const needed = documents.map((document) => needsVector(form, embedding, document, isPatch));
  if (!needed.includes(true)) return { documents, made: [] };
  const texts = textsOf(embedding, documents, needed, pathOf);
  const fitting = [1, ...Array(form.dimension - 1).fill(0)];
  const filled = (vectorAt: (i: number) => number[]) => {
    let made = 0;
    return documents.map((document, i) =>
      needed[i] ? { ...(document as object), [vectorColumn]: vectorAt(made++) } : document,
    );
  };
  check(filled(() => fitting));
  const waiting = { timeoutMs: timeoutMs() };
  const vectors = await embedFor(providers, { ...form, embedding }, texts, "document", waiting);
  return { documents: filled((i) => Array.from(vectors[i] ?? [])), made: needed };
}

/**
 * The same without vectors that were made here, for a look whether it was written before: a provider need not make the
 * same of a text again.
 */
export function withoutMade(
  { columns, rows }: DocumentPatch,
  vectorColumn: string,
  made: readonly boolean[],
): DocumentPatch {
  if (!made.includes(true)) return { columns, rows };
  const at = columns.findIndex(({ name }) => name === vectorColumn);
  return { columns, rows: rows.map((row, i) => (made[i] ? row.with(at, undefined) : row)) };
}

function needsVector(
  { vectorColumn }: EmbeddingForm,
  { column }: IndexEmbedding,
  document: unknown,
  isPatch: boolean,
): boolean {
  if (typeof document !== "object" || document === null || Array.isArray(document)) return false;
  const { [vectorColumn]: vector, [column]: text } = document as Record<string, unknown>;
  return isPatch
    ? text !== undefined && !Object.hasOwn(document, vectorColumn)
    : vector === undefined || vector === null;
}

/** @throws BadRequest naming every document without text, or with more than is taken */
function textsOf(
  { column, provider }: IndexEmbedding,
  documents: unknown[],
  needed: boolean[],
  pathOf: (i: number) => string,
): string[] {
  const issues: Issue[] = [];
  const texts = documents.flatMap((document, i) => {
    if (!needed[i]) return [];
    const text = (document as Record<string, unknown>)[column];
    const message = textIssue(text, provider);
    if (message) issues.push({ path: `${pathOf(i)}.${column}`, message });
    return [String(text)];
  });
  if (issues.length > 0) throw badRequest(issues);
  return texts;
}

function textIssue(text: unknown, provider: string): string | undefined {
  if (typeof text !== "string" || text.trim() === "")
    return `must be a text of which provider "${provider}" makes the vector, or the vector be given`;
  if (text.length > limits.maxEmbeddedTextLength)
    return `has ${text.length} characters, of which ${limits.maxEmbeddedTextLength} can be embedded`;
  return undefined;
}
