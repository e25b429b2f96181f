import { limits } from "../config/limits.ts";
import { badRequest, type Issue } from "./errors.ts";
import { filterBoundIssues } from "./filter.ts";
import type { Publication } from "./index-entry.ts";
import type { Lease, WarmIndexes } from "./ports.ts";
import { type SearchRequest, type SearchResponse, searchRequest } from "./search-request.ts";
import { issuesOf } from "./validate.ts";

/**
 * Parses a search body: the filter's bounds first, since everything after walks it recursively.
 * @throws BadRequest with every problem
 */
export function parseSearchRequest(body: unknown): SearchRequest {
  const bounds = filterBoundIssues((body as { filter?: unknown } | null)?.filter);
  if (bounds.length > 0) throw badRequest(...bounds);
  const parsed = searchRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  throw badRequest(...issuesOf(parsed.error, "body"));
}

/**
 * The k nearest documents.
 * @param timeoutMs what is left of the request's deadline
 * @throws IndexNotFound, IndexNotReady, BadRequest, DeadlineExceeded, StoreUnavailable
 */
export async function searchIndex(
  indexes: WarmIndexes,
  index: string,
  request: SearchRequest,
  timeoutMs: number,
): Promise<SearchResponse> {
  const started = performance.now();
  return indexes.use(index, request.consistency, async (lease) => {
    const vector = queryVector(request.vector, lease.published);
    const columns = selectedColumns(request.select, lease, "body.select");
    const settings = settingsFor(request, lease.published);
    const searching = performance.now();
    const hits = await lease.reader.search({
      vector,
      k: request.k,
      columns,
      filter: request.filter,
      settings,
      timeoutMs: timeoutMs - (searching - started),
    });
    const ended = performance.now();
    return {
      hits,
      performance: {
        cache: lease.cold ? "cold" : "warm",
        openMs: milliseconds(lease.openMs),
        searchMs: milliseconds(ended - searching),
        totalMs: milliseconds(ended - started),
        generation: lease.published.generation,
        version: lease.reader.version,
        ...settings,
      },
    };
  });
}

/** LanceDB pads a short vector, cuts a long one and answers nothing to a NaN, all silently: so checked here. */
function queryVector(numbers: number[], published: Publication): Float32Array {
  if (numbers.length !== published.dimension)
    throw badRequest({
      path: "body.vector",
      message: `has ${numbers.length} numbers, the index has dimension ${published.dimension}`,
    });
  const vector = Float32Array.from(numbers);
  const wrong = vector.findIndex((number) => !Number.isFinite(number));
  if (wrong >= 0)
    throw badRequest({ path: `body.vector[${wrong}]`, message: "is not a finite float32 number" });
  if (published.metric === "cosine" && vector.every((number) => number === 0))
    throw badRequest({
      path: "body.vector",
      message: "is all zeros, which has no direction to compare by cosine",
    });
  return vector;
}

/**
 * The columns asked for, checked against the index; all but the vector when none are named.
 * @throws BadRequest naming every unknown one and those there are
 */
export function selectedColumns(select: string[] | undefined, lease: Lease, path: string): string[] {
  const known = lease.reader.columns.map((column) => column.name);
  if (!select) return known.filter((name) => name !== lease.published.vectorColumn);
  const issues: Issue[] = select.flatMap((name, i) =>
    known.includes(name)
      ? []
      : [{ path: `${path}[${i}]`, message: `no such column; there are: ${known.join(", ")}` }],
  );
  if (issues.length > 0) throw badRequest(...issues);
  return [...new Set(select)];
}

function settingsFor(request: SearchRequest, published: Publication) {
  const { nprobes, refineFactor, ef } = { ...published.searchDefaults, ...definedOf(request) };
  const hnsw = published.indexType === "HNSW_SQ";
  if (request.ef !== undefined && !hnsw)
    throw badRequest({ path: "body.ef", message: `is for HNSW_SQ; this index is ${published.indexType}` });
  return {
    ...(nprobes === undefined ? {} : { nprobes }),
    ...(refineFactor === undefined ? {} : { refineFactor }),
    // HNSW keeps at least as many candidates as it is asked for
    ...(ef === undefined ? {} : { ef: Math.max(ef, Math.min(request.k, limits.maxEf)) }),
  };
}

function definedOf({ nprobes, refineFactor, ef }: SearchRequest) {
  return Object.fromEntries(
    Object.entries({ nprobes, refineFactor, ef }).filter(([, value]) => value !== undefined),
  );
}

const milliseconds = (ms: number) => Math.round(ms * 1000) / 1000;
