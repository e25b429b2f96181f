import { limits } from "../../config/limits.ts";
import { badRequest } from "../errors.ts";
import { filterIssues } from "../values/filter-types.ts";
import { facetIssues } from "./facets.ts";
import { cursorOf, type ListPlace, placeOf, refuseOtherVersion } from "./list-cursor.ts";
import { orderIssues } from "./ordering.ts";
import type { QueryRequest, QueryResponse } from "./query-request.ts";
import type { DocumentPage, Lease, PageQuery, Reader, Tally, WarmIndexes } from "./reader.ts";
import { milliseconds } from "./search-response.ts";
import { selectIssues } from "./selected-columns.ts";
import { talliedOf, tallyQueryOf, withTally } from "./tally-beside.ts";

/**
 * A page of the documents that a filter leaves, in an order, and counts over all of them. All pages are of the version that
 * the first was of: each document comes once, whatever is written meanwhile.
 * @param timeoutMs what is left of the request's deadline
 * @throws IndexNotFound, IndexNotReady, VersionNotReached, CursorExpired, BadRequest, AnswerTooLarge, TooBusy, DeadlineExceeded, StoreUnavailable
 */
export async function queryDocuments(
  indexes: WarmIndexes,
  index: string,
  request: QueryRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<QueryResponse> {
  const started = performance.now();
  const { cursor, filter, orderBy } = request;
  const from = cursor === undefined ? undefined : await placeOf(cursor, index, filter, orderBy);
  return indexes.use(index, request, async (lease) => {
    const { reader, published } = lease;
    if (from) refuseOtherVersion(from, published.generation, request);
    refuseUnfit(request, from, reader);
    const left = () => timeoutMs - (performance.now() - started);
    const began = performance.now();
    const asked = { version: from?.version, filter, signal };
    const offset = from?.offset ?? request.offset ?? 0;
    const { answer: page, tally } = await readPage(reader, { ...request, ...asked, offset }, left);
    const place = { generation: published.generation, version: page.version };
    const reached = offset + page.documents.length;
    return {
      documents: page.documents,
      next: page.hasMore ? await cursorOf({ ...place, offset: reached }, index, filter, orderBy) : null,
      ...talliedOf(request, tally),
      performance: performanceOf(lease, { ...place, started, began }),
    };
  });
}

type Asked = Omit<QueryRequest, "offset"> & Omit<PageQuery, "timeoutMs">;

/** Where no documents are asked for, what is counted tells of which version that is. */
async function readPage(reader: Reader, asked: Asked, left: () => number): Promise<PageAndTally> {
  const { version, offset, limit, filter, orderBy, select, signal } = asked;
  if (limit === 0) {
    const tally = await reader.tally({
      ...{ version, filter, signal },
      ...{ facets: asked.facets ?? [], timeoutMs: left() },
    });
    return { answer: { documents: [], version: tally.version, hasMore: false }, tally };
  }
  const page = { version, offset, limit, filter, orderBy, select, signal };
  return withTally(
    reader,
    tallyQueryOf(asked, { version, filter, signal }),
    left,
    () => reader.page({ ...page, timeoutMs: left() }),
    ({ version: at }) => at,
  );
}

interface PageAndTally {
  answer: DocumentPage;
  tally?: Tally;
}

/** @throws BadRequest with everything that does not fit the index */
function refuseUnfit(
  { select, filter, orderBy, facets }: QueryRequest,
  from: ListPlace | undefined,
  { columns }: Reader,
): void {
  const isTooDeep = orderBy && from && from.offset > limits.maxOrderedDepth;
  const issues = [
    ...selectIssues(select, columns),
    ...(filter ? filterIssues(filter, columns) : []),
    ...(orderBy ? orderIssues(orderBy, columns) : []),
    ...(facets ? facetIssues(facets, columns) : []),
    ...(isTooDeep ? [{ path: "cursor", message: tooDeep }] : []),
  ];
  if (issues.length > 0) throw badRequest(issues);
}

const tooDeep = `is further than ${limits.maxOrderedDepth} documents into the order; go on from the last value of the first column with a filter, or read all documents without an order`;

function performanceOf(
  { cold, openMs, viewAgeMs, reader: { isReplicated, onDisk } }: Lease,
  { started, began, ...place }: { generation: string; version: number; started: number; began: number },
): QueryResponse["performance"] {
  const ended = performance.now();
  return {
    cache: cold ? "cold" : isReplicated ? "replica" : "warm",
    ...(onDisk ? { onDisk } : {}),
    openMs: milliseconds(openMs),
    queryMs: milliseconds(ended - began),
    totalMs: milliseconds(ended - started),
    ...place,
    viewAgeMs,
  };
}
