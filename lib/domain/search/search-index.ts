import { noProviders, type Providers } from "../embedding/providers.ts";
import { badRequest, type Issue } from "../errors.ts";
import { filterIssues } from "../values/filter-types.ts";
import { askedLegs } from "./asked-query.ts";
import { facetIssues } from "./facets.ts";
import { groupIssues } from "./group-by.ts";
import { vectorIssues } from "./query-vector.ts";
import type { Lease, WarmIndexes } from "./reader.ts";
import { refuseTooWide } from "./room-for-hits.ts";
import { type Found, type SearchTask, searchByVector } from "./search-by-vector.ts";
import type { SearchRequest } from "./search-request.ts";
import { milliseconds, type SearchResponse } from "./search-response.ts";
import { selectedColumns, selectIssues } from "./selected-columns.ts";
import { talliedOf, tallyQueryOf, withTally } from "./tally-beside.ts";

/**
 * The k documents that are nearest, best by their words, or best by both.
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
  const { found, ...told } = await searched(
    indexes,
    index,
    request,
    { timeoutMs, signal, providers },
    byLegs,
  );
  return { hits: found.hits, ...(found.next === undefined ? {} : { next: found.next }), ...told };
}

/** By what the request has, and the index can do with it. */
async function byLegs(request: SearchRequest, task: SearchTask): Promise<Found> {
  const { byVector, byText } = askedLegs(request, task.lease.published);
  if (!byText) return searchByVector(request, task);
  const { searchByBoth, searchByText } = await import("./search-by-text.ts");
  return (byVector ? searchByBoth : searchByText)(request, task);
}

/** What a search has beside its request. */
interface Given {
  timeoutMs: number;
  signal: AbortSignal | undefined;
  providers: Providers;
}

/** Of whatever was found. */
export type Told = Omit<Found, "hits" | "next">;

interface Searched<F> extends Pick<SearchResponse, "count" | "facets"> {
  found: F;
  performance: SearchResponse["performance"];
}

/**
 * Searches an index in some way, where the request fits it, and tells what is told of every search.
 * @param search finds hits, or groups of them
 * @throws what searchIndex throws
 */
export async function searched<F extends Told & { hits?: unknown; next?: unknown; groups?: unknown }>(
  indexes: WarmIndexes,
  index: string,
  request: SearchRequest,
  { timeoutMs, signal, providers }: Given,
  search: (request: SearchRequest, task: SearchTask) => Promise<F>,
): Promise<Searched<F>> {
  const started = performance.now();
  return indexes.use(index, request, async (lease) => {
    const left = () => timeoutMs - (performance.now() - started);
    await refuseUnfit(request, lease);
    const { reader } = lease;
    const columns = selectedColumns(request.select, reader.columns, lease.published);
    refuseTooWide(request, columns, lease);
    const { isReplicated, onDisk } = reader;
    const searching = performance.now();
    const { filter } = request;
    const counts = tallyQueryOf(request, { filter, ...(await countedBy(request, lease)), signal });
    const find = () => search(request, { index, lease, columns, left, signal, providers });
    const { answer, tally } = await withTally(reader, counts, left, find, () => reader.version);
    const { hits: _, next: __, groups: ___, version, ...told } = answer;
    const ended = performance.now();
    return {
      found: answer,
      ...talliedOf(request, tally),
      performance: {
        cache: lease.cold ? "cold" : isReplicated ? "replica" : "warm",
        ...(onDisk ? { onDisk } : {}),
        openMs: milliseconds(lease.openMs),
        searchMs: milliseconds(ended - searching),
        totalMs: milliseconds(ended - started),
        generation: lease.published.generation,
        version,
        viewAgeMs: lease.viewAgeMs,
        ...told,
      },
    };
  });
}

/** What is counted, of a search by text alone, are the rows that its words find. */
async function countedBy(request: SearchRequest, lease: Lease) {
  const { byVector, byText } = askedLegs(request, lease.published);
  if (byVector || !byText) return {};
  return { text: (await import("./search-by-text.ts")).countedText(request, lease) };
}

/** @throws BadRequest with everything that does not fit the index */
async function refuseUnfit(request: SearchRequest, lease: Lease): Promise<void> {
  const issues = await unfitIssues(request, lease);
  if (issues.length > 0) throw badRequest(issues);
}

/** Everything that does not fit the index. */
export async function unfitIssues(request: SearchRequest, lease: Lease): Promise<Issue[]> {
  const { vector, select, filter, ef, facets, highlight, groupBy } = request;
  const { published, reader } = lease;
  const { byVector, byText } = askedLegs(request, published);
  const text = byText ? (await import("./search-by-text.ts")).unfitText(request, lease, byVector) : [];
  return [
    ...(vector ? vectorIssues(vector, published) : []),
    ...selectIssues(select, reader.columns),
    ...(filter ? filterIssues(filter, reader.columns) : []),
    ...(facets ? facetIssues(facets, reader.columns) : []),
    ...(groupBy ? groupIssues(groupBy, reader.columns) : []),
    ...(ef !== undefined && published.indexType !== "HNSW_SQ"
      ? [{ path: "ef", message: `is for HNSW_SQ; this index is ${published.indexType}` }]
      : []),
    ...(highlight && !byText ? [{ path: "highlight", message: "is for searches by text" }] : []),
    ...text,
  ];
}
