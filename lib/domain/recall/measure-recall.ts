import { limits } from "../../config/limits.ts";
import { hitsWithVectors } from "../answer-size.ts";
import { badRequest, DomainError } from "../errors.ts";
import { inGroups } from "../in-groups.ts";
import type { Publication, SearchDefaults } from "../index/index-entry.ts";
import type { SampledRow } from "../search/exact-rows.ts";
import { queryVector, vectorIssues } from "../search/query-vector.ts";
import type { Lease, WarmIndexes } from "../search/reader.ts";
import { unfitIssues } from "../search/search-index.ts";
import type { SearchRequest } from "../search/search-request.ts";
import { milliseconds } from "../search/search-response.ts";
import { settingsFor } from "../search/search-settings.ts";
import { summarise } from "./choose-search-defaults.ts";
import type { RecallRequest, RecallResponse } from "./recall-request.ts";
import { inRounds } from "./rounds.ts";
import { scattered } from "./scattered.ts";

/** What a measurement goes by. */
interface Task {
  request: RecallRequest;
  lease: Lease;
  settings: SearchDefaults;
  /** Of the time until what was measured is answered, in ms. */
  left: () => number;
  signal: AbortSignal | undefined;
}

/**
 * How much of what is nearest searches find, as they are answered now: by the same reader, with the settings that a search
 * without any would have, or those that are given. Each row is compared with the queries, some of them at a time; once there
 * is no time for more, what was measured by then is the answer.
 * @param timeoutMs what is left of the request's deadline
 * @throws IndexNotFound, IndexNotReady, VersionNotReached, BadRequest, ColumnsChanged, TooBusy, DeadlineExceeded, StoreUnavailable
 */
export async function measureRecall(
  indexes: WarmIndexes,
  index: string,
  request: RecallRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<RecallResponse> {
  const started = performance.now();
  const left = () => timeoutMs - limits.measuredMarginMs - (performance.now() - started);
  return indexes.use(index, request, async (lease) => {
    await refuseUnfit(request, lease);
    const { k, vectors, queries = limits.defaultMeasuredQueries } = request;
    const settings = settingsFor(asSearch(request), lease);
    const task: Task = { request, lease, settings, left, signal };
    const asked = vectors ? given(vectors, lease.published) : await drawn(queries, task);
    const shares = await measured(asked, task);
    const { recall, error } = summarise(settings, shares);
    return {
      k,
      recall: shares.length > 0 ? rounded(recall) : null,
      standardError: shares.length > 1 ? rounded(error) : null,
      queries: shares.length,
      asked: vectors?.length ?? queries,
      drawn: vectors ? "given" : isGraph(lease) ? "beside-rows" : "rows",
      promised: lease.isNarrowed ? null : promisedBy(lease, k),
      performance: performanceOf(lease, settings, performance.now() - started),
    };
  });
}

/** The search whose recall is measured. */
const asSearch = ({ k, filter, nprobes, refineFactor, ef, ...freshness }: RecallRequest): SearchRequest => {
  const { consistency, minVersion, minGeneration } = freshness;
  return { k, filter, nprobes, refineFactor, ef, consistency, minVersion, minGeneration };
};

/** @throws BadRequest with everything that does not fit the index */
async function refuseUnfit(request: RecallRequest, lease: Lease): Promise<void> {
  const ofVectors = (request.vectors ?? []).flatMap((vector, i) =>
    vectorIssues(vector, lease.published).map(({ path, message }) => ({
      path: path.replace("vector", `vectors[${i}]`),
      message,
    })),
  );
  const issues = [...ofVectors, ...(await unfitIssues(asSearch(request), lease))];
  if (issues.length > 0) throw badRequest(issues);
}

const given = (vectors: number[][], { metric }: Publication): SampledRow[] =>
  vectors.map((vector) => ({ vector: queryVector(vector, metric) }));

/** Rows are flattering queries to a graph, as they are for verification. */
const isGraph = ({ published }: Lease) => published.indexType === "HNSW_SQ";

/** As verification draws them, of all rows that who asks sees, whatever the filter of the request; none without a direction. */
async function drawn(rows: number, { lease, left, signal }: Task): Promise<SampledRow[]> {
  const { reader, published } = lease;
  const sample = await reader.sample({ rows, isBeside: isGraph(lease), timeoutMs: left(), signal });
  return scattered(sample.filter(({ vector }) => vectorIssues([...vector], published).length === 0));
}

/** Shares of what was found, of as many queries as there was time for. */
function measured(asked: SampledRow[], task: Task): Promise<number[]> {
  const { rows, dimension } = task.lease.published;
  const first = Math.floor(limits.recallValuesCompared / (Math.max(1, rows) * dimension));
  return inRounds(asked, first, task.left, (some) => sharesOf(some, task));
}

async function sharesOf(some: SampledRow[], task: Task): Promise<number[]> {
  const { lease, left, signal, request } = task;
  const { k, filter } = request;
  const exact = await lease.reader.nearestOfAll({ asked: some, k, filter, timeoutMs: left(), signal });
  const found = await inGroups(some, limits.measuredSearchesAtATime, (one) => foundFor(one, task));
  const vectors = await vectorsOf([...new Set(found.flat())], task);
  return exact.map(({ rows, isAsNear }, i) => {
    if (rows === 0) return 1; // of none nothing is missed
    const near = (found[i] ?? []).flatMap((id) => vectors.get(id) ?? []).filter(isAsNear);
    return Math.min(rows, near.length) / rows;
  });
}

/** Ids of the nearest that a search finds, without the row whose neighbours they are. */
async function foundFor({ vector, self }: SampledRow, task: Task): Promise<string[]> {
  const { lease, left, signal, settings, request } = task;
  const { k, filter } = request;
  if (left() <= 0) throw new DomainError("DeadlineExceeded", "no time was left to search");
  const hits = await lease.reader.search({
    ...{ vector, k: self ? k + 1 : k, columns: [], settings, isInner: true, timeoutMs: left() },
    ...(filter ? { filter } : {}),
    ...(signal ? { signal } : {}),
  });
  const ids = hits.map(({ doc_id }) => doc_id);
  return ids.filter((id) => id !== self?.docId).slice(0, k);
}

/** Of documents that are there still, as many at a time as an answer would have room for. */
async function vectorsOf(ids: string[], { lease, left, signal }: Task): Promise<Map<string, Float32Array>> {
  const { dimension, vectorColumn } = lease.published;
  const most = Math.min(limits.maxFetchedDocuments, Math.max(1, hitsWithVectors(dimension).surely));
  const vectors = new Map<string, Float32Array>();
  for (let i = 0; i < ids.length; i += most) {
    const some = await lease.reader.fetch(ids.slice(i, i + most), [vectorColumn], left(), signal);
    for (const [id, { [vectorColumn]: own }] of some)
      if (Array.isArray(own)) vectors.set(id, new Float32Array(own));
  }
  return vectors;
}

function promisedBy({ published, reader }: Lease, k: number): RecallResponse["promised"] {
  const { recall, indexType } = published;
  const known = [{ k: recall.k, measured: recall.measured }, ...(recall.atK ?? [])];
  const distance = (one: { k: number }) => Math.abs(Math.log(one.k / k));
  const nearest = known.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  const isVerified = indexType === "EXACT" || recall.version === reader.version;
  return {
    target: recall.target,
    measured: nearest.measured,
    k: nearest.k,
    ...(recall.filtered === undefined ? {} : { filtered: recall.filtered }),
    status: isVerified ? "verified" : "unverified",
  };
}

function performanceOf(
  lease: Lease,
  settings: SearchDefaults,
  totalMs: number,
): RecallResponse["performance"] {
  const { cold, reader, openMs, published } = lease;
  return {
    cache: cold ? "cold" : reader.isReplicated ? "replica" : "warm",
    openMs: milliseconds(openMs),
    totalMs: milliseconds(totalMs),
    generation: published.generation,
    version: reader.version,
    ...settings,
  };
}

const rounded = (value: number) => Math.round(value * 10_000) / 10_000;
