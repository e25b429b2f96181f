import { noProviders } from "../embedding/providers.ts";
import { badRequest, type Issue } from "../errors.ts";
import { filterIssues } from "../values/filter-types.ts";
import { askedHits, askedQuery, searchedFor } from "./asked-query.ts";
import { facetIssues } from "./facets.ts";
import { queryVector, vectorIssues } from "./query-vector.ts";
import type { Lease, WarmIndexes } from "./reader.ts";
import { refuseLikelyTooWide, refuseTooWide } from "./room-for-hits.ts";
import { milliseconds, type SearchRequest, type SearchResponse } from "./search-request.ts";
import { settingsFor } from "./search-settings.ts";
import { selectedColumns, selectIssues } from "./selected-columns.ts";
import { talliedOf, tallyQueryOf, withTally } from "./tally-beside.ts";

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
    const page = isPaged(request) ? await pageOf(index, request) : undefined;
    const settings = request.exact ? {} : settingsFor({ ...request, k: page?.depth ?? request.k }, lease);
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
    if (!page) await refuseLikelyTooWide({ ...query, timeoutMs: left() }, lease);
    const search = async () => {
      if (page) return page.hits(lease.reader, query, asked.without, left);
      const found = await lease.reader.search({ ...query, timeoutMs: left() });
      return { hits: askedHits(found, request.k, asked) };
    };
    const { reader } = lease;
    const counts = tallyQueryOf(request, { filter, signal });
    const { answer, tally } = await withTally(reader, counts, left, search, () => reader.version);
    const ended = performance.now();
    const hasMoved = lease.reader.version !== version;
    const unindexedRows = await (hasMoved ? lease.reader.unindexedRows?.() : counting);
    return {
      ...answer,
      ...talliedOf(request, tally),
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

const isPaged = ({ offset, cursor }: SearchRequest) => offset !== undefined || cursor !== undefined;

/** Most searches ask for no more than the first hits. */
const pageOf = async (index: string, request: SearchRequest) =>
  (await import("./search-page.ts")).searchPageOf(index, request);

/** @throws BadRequest with everything that does not fit the index */
function refuseUnfit(request: SearchRequest, lease: Lease): void {
  const issues = unfitIssues(request, lease);
  if (issues.length > 0) throw badRequest(issues);
}

/** Everything that does not fit the index. */
export function unfitIssues(
  { vector, select, filter, ef, facets }: SearchRequest,
  { published, reader }: Lease,
): Issue[] {
  return [
    ...(vector ? vectorIssues(vector, published) : []),
    ...selectIssues(select, reader.columns),
    ...(filter ? filterIssues(filter, reader.columns) : []),
    ...(facets ? facetIssues(facets, reader.columns) : []),
    ...(ef !== undefined && published.indexType !== "HNSW_SQ"
      ? [{ path: "ef", message: `is for HNSW_SQ; this index is ${published.indexType}` }]
      : []),
  ];
}
