import { DomainError } from "../errors.ts";
import type { BatchRequest, BatchResponse } from "./fetch-request.ts";
import type { Freshness } from "./freshness.ts";
import type { WarmIndexes } from "./reader.ts";
import type { Document } from "./search-response.ts";
import { selectedColumns } from "./selected-columns.ts";

/**
 * One document by its id; the vector only when `select` names it.
 * @throws IndexNotFound, IndexNotReady, VersionNotReached, DocumentNotFound, BadRequest, AnswerTooLarge, TooBusy, DeadlineExceeded, StoreUnavailable
 */
export async function fetchDocument(
  indexes: WarmIndexes,
  { index, docId, ...more }: { index: string; docId: string; select?: string[] | undefined } & Freshness,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Document> {
  const request = { ...more, ids: [docId] };
  const document = (await fetchAll(indexes, index, request, timeoutMs, signal)).get(docId);
  if (document) return document;
  throw new DomainError("DocumentNotFound", `index "${index}" has no such document`);
}

/**
 * Documents by their ids, in one read; each once, in the order asked for.
 * @throws IndexNotFound, IndexNotReady, VersionNotReached, BadRequest, AnswerTooLarge, TooBusy, DeadlineExceeded, StoreUnavailable
 */
export async function fetchDocuments(
  indexes: WarmIndexes,
  index: string,
  asked: BatchRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<BatchResponse> {
  const ids = [...new Set(asked.ids)];
  const found = await fetchAll(indexes, index, { ...asked, ids }, timeoutMs, signal);
  return {
    documents: ids.flatMap((id) => found.get(id) ?? []),
    missing: ids.filter((id) => !found.has(id)),
  };
}

function fetchAll(
  indexes: WarmIndexes,
  index: string,
  { ids, select, ...freshness }: BatchRequest,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Map<string, Document>> {
  const started = performance.now();
  return indexes.use(index, freshness, ({ reader, published }) => {
    const columns = selectedColumns(select, reader.columns, published);
    return reader.fetch(ids, columns, timeoutMs - (performance.now() - started), signal);
  });
}
