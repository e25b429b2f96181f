import { DomainError } from "./errors.ts";
import type { WarmIndexes } from "./ports.ts";
import { selectedColumns } from "./search-index.ts";
import type { Consistency, Document } from "./search-request.ts";

/**
 * One document by its id; the vector only when `select` names it.
 * @throws IndexNotFound, IndexNotReady, DocumentNotFound, BadRequest, AnswerTooLarge, TooBusy, DeadlineExceeded, StoreUnavailable
 */
export async function fetchDocument(
  indexes: WarmIndexes,
  request: { index: string; docId: string; select?: string[]; consistency: Consistency },
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Document> {
  const started = performance.now();
  return indexes.use(request.index, request.consistency, async (lease) => {
    const columns = selectedColumns(request.select, lease, "query.select");
    const left = timeoutMs - (performance.now() - started);
    const document = await lease.reader.fetch(request.docId, columns, left, signal);
    if (document) return document;
    throw new DomainError("DocumentNotFound", `index "${request.index}" has no such document`);
  });
}
