import { limits } from "../../config/limits.ts";
import { hitsLike, hitsTooLarge, hitsWithVectors } from "../answer-size.ts";
import { badRequest, type Issue } from "../errors.ts";
import type { Metric, Publication, SearchDefaults } from "../index/index-entry.ts";
import { issuesOf } from "../validate.ts";
import { filterBoundIssues } from "../values/filter.ts";
import { filterIssues } from "../values/filter-types.ts";
import { askedHits, askedQuery, searchedFor } from "./asked-query.ts";
import { defaultsAt } from "./defaults-at-k.ts";
import type { Lease, Query, WarmIndexes } from "./reader.ts";
import { milliseconds, type SearchRequest, type SearchResponse, searchRequest } from "./search-request.ts";
import { selectedColumns, selectIssues } from "./selected-columns.ts";

/**
 * Parses a search body: the filter's bounds first, since everything after walks it recursively.
 * @throws BadRequest with every problem
 */
export function parseSearchRequest(body: unknown): SearchRequest {
  const bounds = filterBoundIssues((body as { filter?: unknown } | null)?.filter);
  const parsed = searchRequest.safeParse(
    bounds.length > 0 ? { ...(body as object), filter: undefined } : body,
  );
  const issues = [...bounds, ...(parsed.success ? [] : issuesOf(parsed.error)), ...togetherIssues(body)];
  if (!parsed.success || issues.length > 0) throw badRequest(issues);
  return parsed.data;
}

/** Of fields that go with some others alone. */
function togetherIssues(body: unknown): Issue[] {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return [];
  const asked = body as Record<string, unknown>;
  const has = (field: string) => asked[field] !== undefined;
  const [byVector, byDocument] = [has("vector"), has("docId")];
  return [
    ...(byVector || byDocument
      ? []
      : [{ path: "vector", message: "must be an array of numbers, or docId be given" }]),
    ...(byVector && byDocument
      ? [{ path: "docId", message: "is in place of a vector; send one of them" }]
      : []),
    ...(has("includeSelf") && !byDocument ? [{ path: "includeSelf", message: "is for docId" }] : []),
    ...["nprobes", "refineFactor", "ef"]
      .filter((field) => asked["exact"] === true && has(field))
      .map((path) => ({ path, message: "is for an index, which exact does without" })),
  ];
}

/**
 * The k nearest documents.
 * @param timeoutMs what is left of the request's deadline
 * @param signal once it is aborted nothing more is begun
 * @throws IndexNotFound, IndexNotReady, VersionNotReached, DocumentNotFound, BadRequest, AnswerTooLarge, TooBusy, DeadlineExceeded, StoreUnavailable
 */
export async function searchIndex(
  indexes: WarmIndexes,
  index: string,
  request: SearchRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<SearchResponse> {
  const started = performance.now();
  return indexes.use(index, request, async (lease) => {
    const left = () => timeoutMs - (performance.now() - started);
    refuseUnfit(request, lease);
    const asked = await askedQuery(request, lease, left(), signal);
    const settings = request.exact ? {} : settingsFor(request, lease);
    const columns = selectedColumns(request.select, lease.reader.columns, lease.published);
    refuseTooWide(request, columns, lease);
    const { isReplicated, onDisk } = lease.reader;
    const { version } = lease.reader;
    const counting = lease.reader.unindexedRows?.();
    const searching = performance.now();
    const vector = queryVector(asked.vector, lease.published.metric);
    const { filter, exact: isExact = false } = request;
    const query = { vector, k: searchedFor(request.k, asked), columns, filter, settings, isExact, signal };
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
function refuseUnfit({ vector, select, filter, ef }: SearchRequest, lease: Lease): void {
  const { published, reader } = lease;
  const issues = [
    ...(vector ? vectorIssues(vector, published) : []),
    ...selectIssues(select, reader.columns),
    ...(filter ? filterIssues(filter, reader.columns) : []),
    ...(ef !== undefined && published.indexType !== "HNSW_SQ"
      ? [{ path: "ef", message: `is for HNSW_SQ; this index is ${published.indexType}` }]
      : []),
  ];
  if (issues.length > 0) throw badRequest(issues);
}

/**
 * Before anything is searched: hits that no answer has room for, however short their numbers are. How many a filter leaves
 * is not known beforehand; they are counted as they are made.
 * @throws AnswerTooLarge
 */
function refuseTooWide(request: SearchRequest, columns: string[], lease: Lease): void {
  const { k } = request;
  const { vectorColumn, dimension, rows } = lease.published;
  if (isFiltered(request, lease) || !columns.includes(vectorColumn)) return;
  const { atMost, surely } = hitsWithVectors(dimension);
  if (Math.min(k, rows) > atMost) throw hitsTooLarge(k, surely, vectorColumn);
}

/**
 * Before the vectors of all hits are read: that of the nearest tells how long their numbers are as JSON. Where hits would
 * fit if theirs were half as long, they are read and counted.
 * @throws AnswerTooLarge
 */
async function refuseLikelyTooWide(query: Query, lease: Lease): Promise<void> {
  const { vectorColumn, dimension, rows } = lease.published;
  const k = Math.min(query.k, rows);
  const { surely } = hitsWithVectors(dimension);
  if (isFiltered(query, lease) || !query.columns.includes(vectorColumn) || k <= surely) return;
  const one = { ...query, k: 1, columns: [vectorColumn], isExact: false }; // any that is near will do
  const [nearest] = await lease.reader.search(one);
  if (nearest && k > 2 * hitsLike(nearest)) throw hitsTooLarge(k, surely, vectorColumn);
}

const isFiltered = ({ filter }: Pick<SearchRequest, "filter">, { isNarrowed = false }: Lease) =>
  isNarrowed || filter !== undefined;

/** LanceDB pads a short vector, cuts a long one and answers nothing to a NaN, all silently: so checked here. */
function vectorIssues(numbers: number[], { dimension, metric }: Publication): Issue[] {
  const path = "vector";
  const squared = squaredLength(numbers);
  const issues = squared < comfortable.most ? [] : rangeIssues(numbers, path);
  if (numbers.length !== dimension)
    issues.push({ path, message: `has ${numbers.length} numbers, the index has dimension ${dimension}` });
  return issues.length > 0 ? issues : lengthIssues(squared, metric);
}

/** Of numbers that are no float32: their squares are larger than anything comfortable. */
function rangeIssues(numbers: number[], path: string): Issue[] {
  return numbers.flatMap((number, i) =>
    Number.isFinite(Math.fround(number))
      ? []
      : [{ path: `${path}[${i}]`, message: "is not a finite float32 number" }],
  );
}

/** Squared lengths with room for products in float32: beyond, LanceDB divides by zero or infinity, and fails. */
const comfortable = { least: 1e-12, most: 1e12 };

const isComfortable = (squared: number) => squared >= comfortable.least && squared <= comfortable.most;

/** A loop: of a large vector's time in the process, callbacks were the largest part. */
function squaredLength(numbers: number[]): number {
  let sum = 0;
  for (const number of numbers) sum += number * number;
  return sum;
}

/** A cosine needs a direction; the other metrics' distances must not be infinite. */
function lengthIssues(squared: number, metric: Metric): Issue[] {
  const path = "vector";
  if (metric === "cosine")
    return squared === 0
      ? [{ path, message: "is all zeros, which has no direction to compare by cosine" }]
      : [];
  if (squared > limits.maxSquaredLength)
    return [{ path, message: `is too long: ${Math.sqrt(limits.maxSquaredLength)} at most, by ${metric}` }];
  return [];
}

/** What LanceDB is given: by cosine only the direction counts, so an extreme length is scaled away. */
function queryVector(numbers: number[], metric: Metric): Float32Array {
  if (metric !== "cosine" || isComfortable(squaredLength(numbers))) return new Float32Array(numbers);
  const largest = Math.max(...numbers.map(Math.abs));
  return new Float32Array(numbers.map((number) => number / largest));
}

function settingsFor(request: SearchRequest, lease: Lease) {
  const asked = definedOf(request);
  const { published } = lease;
  const defaults = isFiltered(request, lease)
    ? (published.filteredDefaults ?? widenedDefaults(published))
    : unfilteredDefaults(asked, lease);
  const { nprobes, refineFactor, ef } = { ...defaultsAt(defaults, request.k, published), ...asked };
  return {
    ...(nprobes === undefined ? {} : { nprobes }),
    ...(refineFactor === undefined ? {} : { refineFactor }),
    // HNSW keeps at least as many candidates as it is asked for
    ...(ef === undefined ? {} : { ef: Math.max(ef, Math.min(request.k, limits.maxEf)) }),
  };
}

/**
 * While vectors would be read from the store, refining is what takes longest. Settings that are asked for go with the
 * same others at any time.
 */
function unfilteredDefaults(asked: SearchDefaults, { published, reader }: Lease): SearchDefaults {
  const mayVary = !reader.isReplicated && Object.keys(asked).length === 0;
  return (mayVary ? published.unrefinedDefaults : undefined) ?? published.searchDefaults;
}

/**
 * For a filter, where rows were too few to measure with one: the nearest that match are as far away as many neighbours of
 * an unfiltered search, in more partitions, and codes tell their distances apart less well.
 */
function widenedDefaults({ searchDefaults, indexType, indexParameters }: Publication): SearchDefaults {
  const { nprobes, refineFactor = 1, ef } = searchDefaults;
  const partitions = indexParameters.numPartitions ?? 1;
  const widened = (width: number) => width * limits.filterWidening;
  return {
    ...(nprobes === undefined ? {} : { nprobes: Math.min(partitions, widened(nprobes)) }),
    ...(indexType === "IVF_FLAT" || indexType === "EXACT"
      ? {}
      : { refineFactor: Math.max(limits.filterRefineFactor, refineFactor) }),
    ...(ef === undefined ? {} : { ef: Math.min(limits.maxEf, widened(ef)) }),
  };
}

function definedOf({ nprobes, refineFactor, ef }: SearchRequest): SearchDefaults {
  return Object.fromEntries(
    Object.entries({ nprobes, refineFactor, ef }).filter(([, value]) => value !== undefined),
  );
}
