import { noProviders } from "../embedding/providers.ts";
import { badRequest, type Issue } from "../errors.ts";
import { filterIssues } from "../values/filter-types.ts";
import { askedLegs } from "./asked-query.ts";
import { facetIssues } from "./facets.ts";
import { vectorIssues } from "./query-vector.ts";
import type { Lease, WarmIndexes } from "./reader.ts";
import { refuseTooWide } from "./room-for-hits.ts";
import { searchByVector } from "./search-by-vector.ts";
import { milliseconds, type SearchRequest, type SearchResponse } from "./search-request.ts";
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
  const started = performance.now();
  return indexes.use(index, request, async (lease) => {
    const left = () => timeoutMs - (performance.now() - started);
    const { byVector, byText } = askedLegs(request, lease.published);
    const text = byText ? await import("./search-by-text.ts") : undefined;
    await refuseUnfit(request, lease);
    const columns = selectedColumns(request.select, lease.reader.columns, lease.published);
    refuseTooWide(request, columns, lease);
    const { isReplicated, onDisk } = lease.reader;
    const task = { index, lease, columns, left, signal, providers };
    const searching = performance.now();
    const search = !text ? searchByVector : byVector ? text.searchByBoth : text.searchByText;
    const { reader } = lease;
    const { filter } = request;
    const counted = text && !byVector ? { text: text.countedText(request, lease) } : {};
    const counts = tallyQueryOf(request, { filter, ...counted, signal });
    const found = () => search(request, task);
    const { answer, tally } = await withTally(reader, counts, left, found, () => reader.version);
    const { hits, next, version, ...told } = answer;
    const ended = performance.now();
    return {
      hits,
      ...(next === undefined ? {} : { next }),
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

/** @throws BadRequest with everything that does not fit the index */
async function refuseUnfit(request: SearchRequest, lease: Lease): Promise<void> {
  const issues = await unfitIssues(request, lease);
  if (issues.length > 0) throw badRequest(issues);
}

/** Everything that does not fit the index. */
export async function unfitIssues(request: SearchRequest, lease: Lease): Promise<Issue[]> {
  const { vector, select, filter, ef, facets, highlight } = request;
  const { published, reader } = lease;
  const { byVector, byText } = askedLegs(request, published);
  const text = byText ? (await import("./search-by-text.ts")).unfitText(request, lease, byVector) : [];
  return [
    ...(vector ? vectorIssues(vector, published) : []),
    ...selectIssues(select, reader.columns),
    ...(filter ? filterIssues(filter, reader.columns) : []),
    ...(facets ? facetIssues(facets, reader.columns) : []),
    ...(ef !== undefined && published.indexType !== "HNSW_SQ"
      ? [{ path: "ef", message: `is for HNSW_SQ; this index is ${published.indexType}` }]
      : []),
    ...(highlight && !byText ? [{ path: "highlight", message: "is for searches by text" }] : []),
    ...text,
  ];
}
