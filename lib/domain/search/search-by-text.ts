import { limits } from "../../config/limits.ts";
import { DomainError, type Issue } from "../errors.ts";
import { textIndexesOf } from "../text/full-text.ts";
import { columnsOf, textIssues, textPlan } from "../text/text-plan.ts";
import { askedHits, askedQuery, searchedFor } from "./asked-query.ts";
import { fusedHits } from "./fused-hits.ts";
import type { Lease, Reader, TextSearch } from "./reader.ts";
import { embeddedIn, type Found, nearestQuery, type SearchTask } from "./search-by-vector.ts";
import type { SearchRequest } from "./search-request.ts";

/** Everything of a request's text that does not fit the index. */
export function unfitText(request: SearchRequest, { published }: Lease, byVector: boolean): Issue[] {
  const { text, hybrid } = request;
  const issues = text === undefined ? [] : textIssues(text, textIndexesOf(published));
  const { distanceRange } = request;
  if (distanceRange)
    issues.push({
      path: "distanceRange",
      message: "is for searches by vector alone: words have no distance",
    });
  for (const path of ["offset", "cursor"] as const)
    if (request[path] !== undefined) issues.push({ path, message: "is for searches by vector alone" });
  if (byVector) return issues;
  const forVector = (["nprobes", "refineFactor", "ef", "exact"] as const).filter(
    (field) => request[field] !== undefined,
  );
  return [
    ...issues,
    ...forVector.map((path) => ({ path, message: "is for searches by vector" })),
    ...(hybrid ? [{ path: "hybrid", message: "is for searches by both vector and text" }] : []),
  ];
}

/** The k best by their words. @throws what searchIndex throws */
export async function searchByText(request: SearchRequest, task: SearchTask): Promise<Found> {
  const { reader } = task.lease;
  const search = textSearch(request, task);
  return atOneVersion(reader, task, async () => {
    const timeoutMs = task.left();
    const [hits, told] = await Promise.all([
      reader.searchText({ ...search, timeoutMs }),
      toldOf(reader, search),
    ]);
    return { hits, ...told };
  });
}

/**
 * The k best by vector and words: both legs at one version and with one filter, beside each other. What they find is
 * fused, and then the columns of the k best are read.
 * @throws what searchIndex throws
 */
export async function searchByBoth(request: SearchRequest, task: SearchTask): Promise<Found> {
  const { reader } = task.lease;
  const { k, hybrid } = request;
  const { left, signal } = task;
  const asked = await askedQuery(request, task.lease, task.providers, { timeoutMs: left(), signal });
  const candidates = hybrid?.candidates ?? Math.min(limits.maxK, k * limits.fusedCandidatesPerHit);
  const leg = { ...request, k: candidates };
  const near = nearestQuery(leg, asked, { ...task, columns: [] });
  const text = { ...textSearch(leg, { ...task, columns: [] }), k: searchedFor(candidates, asked) };
  const found = await atOneVersion(reader, task, async () => {
    const timeoutMs = task.left();
    const [nearest, worded, told] = await Promise.all([
      reader.search({ ...near, timeoutMs }),
      reader.searchText({ ...text, timeoutMs }),
      toldOf(reader, text),
    ]);
    const [vector, words] = [nearest, worded].map((hits) => askedHits(hits, candidates, asked));
    const hits = await fusedHits({ vector: vector ?? [], text: words ?? [] }, hybrid, k, (ids) =>
      reader.fetch(ids, task.columns, task.left(), task.signal),
    );
    return { hits, ...told };
  });
  const unindexedRows = await reader.unindexedRows?.();
  return {
    ...found,
    ...(unindexedRows === undefined ? {} : { unindexedRows }),
    ...embeddedIn(asked),
    ...near.settings,
  };
}

function textSearch(
  { text = "", k, filter }: SearchRequest,
  { lease, columns, left, signal }: SearchTask,
): TextSearch {
  return {
    plan: textPlan(text, textIndexesOf(lease.published)),
    k,
    columns,
    timeoutMs: left(),
    ...(filter ? { filter } : {}),
    ...(signal ? { signal } : {}),
  };
}

/** What is told of a search by words beside its hits. */
async function toldOf(reader: Reader, { plan }: TextSearch): Promise<{ textUnindexedRows?: number }> {
  const rows = await reader.textUnindexedRows?.(columnsOf(plan));
  return rows === undefined ? {} : { textUnindexedRows: rows };
}

/** Again where the reader moved on meanwhile: a request beside this one has seen a later version. */
async function atOneVersion<T>(
  reader: Reader,
  { left, signal }: SearchTask,
  work: () => Promise<T>,
): Promise<T & { version: number }> {
  for (;;) {
    signal?.throwIfAborted();
    const { version } = reader;
    const answer = await work();
    if (await reader.isStillAt(version)) return { ...answer, version };
    if (left() > 0) continue;
    throw new DomainError("DeadlineExceeded", "the index moved on again and again while it was searched");
  }
}
