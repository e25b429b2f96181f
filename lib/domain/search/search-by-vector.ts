import type { Providers } from "../embedding/providers.ts";
import type { SearchDefaults } from "../index/index-entry.ts";
import { type AskedQuery, askedHits, askedQuery, searchedFor } from "./asked-query.ts";
import { queryVector } from "./query-vector.ts";
import type { Lease, Query, Reader } from "./reader.ts";
import { refuseLikelyTooWide } from "./room-for-hits.ts";
import type { SearchRequest } from "./search-request.ts";
import { type Hit, milliseconds } from "./search-response.ts";
import { settingsFor } from "./search-settings.ts";

/** What a search needs beside its request. */
export interface SearchTask {
  index: string;
  lease: Lease;
  /** Of the hits. */
  columns: string[];
  /** What is left of the request's time, in ms. */
  left: () => number;
  signal?: AbortSignal | undefined;
  /** That make vectors of texts. */
  providers: Providers;
}

/** What was found, and what is told of how. */
export interface Found extends SearchDefaults {
  hits: Hit[];
  /** Of a page: where the one that follows begins. */
  next?: string | null;
  version: number;
  unindexedRows?: number;
  textUnindexedRows?: number;
  embedMs?: number;
}

export const isPaged = ({ offset, cursor }: SearchRequest) => offset !== undefined || cursor !== undefined;

/** Most searches ask for no more than the first hits. */
export const pageOf = async (index: string, request: SearchRequest) =>
  (await import("./search-page.ts")).searchPageOf(index, request);

/** The k nearest. @throws what searchIndex throws */
export async function searchByVector(request: SearchRequest, task: SearchTask): Promise<Found> {
  const { left, signal } = task;
  const asked = await askedQuery(request, task.lease, task.providers, { timeoutMs: left(), signal });
  const page = isPaged(request) ? await pageOf(task.index, request) : undefined;
  const query = nearestQuery(request, asked, task, page?.depth);
  const { reader } = task.lease;
  const { version } = reader;
  const counting = reader.unindexedRows?.();
  if (!page) await refuseLikelyTooWide({ ...query, timeoutMs: left() }, task.lease);
  const answer = page
    ? await page.hits({ ...task, reader, without: asked.without, best: nearestIn(reader, query, left) }, left)
    : { hits: askedHits(await reader.search({ ...query, timeoutMs: left() }), request.k, asked) };
  const unindexedRows = await (reader.version === version ? counting : reader.unindexedRows?.());
  return {
    ...answer,
    version: reader.version,
    ...(unindexedRows === undefined ? {} : { unindexedRows }),
    ...embeddedIn(asked),
    ...query.settings,
  };
}

/** Of a page, whose hits' columns are not read. */
const nearestIn = (reader: Reader, query: Query, left: () => number) => (k: number) =>
  reader.search({ ...query, k, columns: [], isInner: true, timeoutMs: left() });

export const embeddedIn = ({ embedMs }: AskedQuery) =>
  embedMs === undefined ? {} : { embedMs: milliseconds(embedMs) };

/** The search for the k nearest of a request, or one more where one of them is left out. */
export function nearestQuery(
  request: SearchRequest,
  asked: AskedQuery,
  { lease, columns, left, signal }: SearchTask,
  depth = request.k,
): Query {
  const { filter, exact: isExact = false } = request;
  return {
    vector: queryVector(asked.vector, lease.published.metric),
    k: searchedFor(request.k, asked),
    columns,
    settings: isExact ? {} : settingsFor({ ...request, k: depth }, lease),
    isExact,
    range: request.distanceRange,
    timeoutMs: left(),
    ...(filter ? { filter } : {}),
    ...(signal ? { signal } : {}),
  };
}
