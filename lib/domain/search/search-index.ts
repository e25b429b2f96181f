import { noProviders } from "../embedding/providers.ts";
import { badRequest, type Issue } from "../errors.ts";
import { filterIssues } from "../values/filter-types.ts";
import { askedHits, askedQuery, searchedFor } from "./asked-query.ts";
import { queryVector, vectorIssues } from "./query-vector.ts";
import type { Lease, WarmIndexes } from "./reader.ts";
import { refuseLikelyTooWide, refuseTooWide } from "./room-for-hits.ts";
import { milliseconds, type SearchRequest, type SearchResponse } from "./search-request.ts";
import { settingsFor } from "./search-settings.ts";
import { selectedColumns, selectIssues } from "./selected-columns.ts";

/**
 * The k nearest documents.
 * @param timeoutMs what is left of the request's deadline
 * @param signal once it is aborted nothing more is begun
 * @param providers that make vectors of texts
 * @throws IndexNotFound, IndexNotReady, VersionNotReached, DocumentNotFound, BadRequest, EmbeddingMismatch, EmbeddingUnavailable, EmbeddingRefused, AnswerTooLarge, TooBusy, DeadlineExceeded, StoreUnavailable
 */
export async function searchIndex(
  indexes: WarmIndexes,
  index: string,
  request: SearchRequest,
  timeoutMs: number,
  signal?: AbortSignal,
  providers = noProviders,
): Promise<SearchResponse> {
  const started = performance.now();
  return indexes.use(index, request, async (lease) => {
    const left = () => timeoutMs - (performance.now() - started);
    refuseUnfit(request, lease);
    const asked = await askedQuery(request, lease, providers, { timeoutMs: left(), signal });
    const settings = request.exact ? {} : settingsFor(request, lease);
    const columns = selectedColumns(request.select, lease.reader.columns, lease.published);
    refuseTooWide(request, columns, lease);
    const { isReplicated, onDisk } = lease.reader;
    const { version } = lease.reader;
    const counting = lease.reader.unindexedRows?.();
    const searching = performance.now();
    const vector = queryVector(asked.vector, lease.published.metric);
    const { filter, exact: isExact = false } = request;
    const query = {
      ...{ vector, k: searchedFor(request.k, asked), columns, filter, settings, isExact, signal },
      range: request.distanceRange,
    };
    await refuseLikelyTooWide({ ...query, timeoutMs: left() }, lease);
    const hits = await lease.reader.search({ ...query, timeoutMs: left() });
    const ended = performance.now();
    const hasMoved = lease.reader.version !== version;
    const unindexedRows = await (hasMoved ? lease.reader.unindexedRows?.() : counting);
    return {
      hits: askedHits(hits, request.k, asked),
      performance: {
        cache: lease.cold ? "cold" : isReplicated ? "replica" : "warm",
        ...(onDisk ? { onDisk } : {}),
        openMs: milliseconds(lease.openMs),
        ...(asked.embedMs === undefined ? {} : { embedMs: milliseconds(asked.embedMs) }),
        searchMs: milliseconds(ended - searching),
        totalMs: milliseconds(ended - started),
        generation: lease.published.generation,
        version: lease.reader.version,
        viewAgeMs: lease.viewAgeMs,
        ...(unindexedRows === undefined ? {} : { unindexedRows }),
        ...settings,
      },
    };
  });
}

/** @throws BadRequest with everything that does not fit the index */
function refuseUnfit(request: SearchRequest, lease: Lease): void {
  const issues = unfitIssues(request, lease);
  if (issues.length > 0) throw badRequest(issues);
}

/** Everything that does not fit the index. */
export function unfitIssues(
  { vector, select, filter, ef }: SearchRequest,
  { published, reader }: Lease,
): Issue[] {
  return [
    ...(vector ? vectorIssues(vector, published) : []),
    ...selectIssues(select, reader.columns),
    ...(filter ? filterIssues(filter, reader.columns) : []),
    ...(ef !== undefined && published.indexType !== "HNSW_SQ"
      ? [{ path: "ef", message: `is for HNSW_SQ; this index is ${published.indexType}` }]
      : []),
  ];
}
