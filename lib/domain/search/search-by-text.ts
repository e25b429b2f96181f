import { limits } from "../../config/limits.ts";
import { DomainError, type Issue } from "../errors.ts";
import { textIndexesOf } from "../text/full-text.ts";
import { columnsOf, type TextPlan, textIssues, textPlan } from "../text/text-plan.ts";
import { type AskedQuery, askedHits, askedQuery, searchedFor } from "./asked-query.ts";
import { bestOfBoth, fusedHits, type LegHits } from "./fused-hits.ts";
import { highlightedHits, highlightIssues } from "./highlighted-hits.ts";
import type { Lease, Query, Reader, TextSearch } from "./reader.ts";
import {
  embeddedIn,
  type Found,
  isPaged,
  nearestQuery,
  pageOf,
  type SearchTask,
} from "./search-by-vector.ts";
import type { SearchRequest } from "./search-request.ts";

/** Everything of a request's text that does not fit the index. */
export function unfitText(request: SearchRequest, { published }: Lease, byVector: boolean): Issue[] {
  const { text, hybrid } = request;
  const columns = textIndexesOf(published);
  const issues = text === undefined ? [] : textIssues(text, columns);
  if (text !== undefined && issues.length === 0)
    issues.push(...highlightIssues(request, textPlan(text, columns)));
  if (byVector) return issues;
  if (request.distanceRange)
    issues.push({ path: "distanceRange", message: "is for searches by vector: words have no distance" });
  const forVector = (["nprobes", "refineFactor", "ef", "exact"] as const).filter(
    (field) => request[field] !== undefined,
  );
  return [
    ...issues,
    ...forVector.map((path) => ({ path, message: "is for searches by vector" })),
    ...(hybrid ? [{ path: "hybrid", message: "is for searches by both vector and text" }] : []),
  ];
}

/** What is counted of a search by text alone: rows that its words find. */
export const countedText = ({ text = "" }: SearchRequest, { published }: Lease): TextPlan =>
  textPlan(text, textIndexesOf(published));

/** The k best by their words. @throws what searchIndex throws */
export async function searchByText(request: SearchRequest, task: SearchTask): Promise<Found> {
  const { reader } = task.lease;
  const { left } = task;
  const search = textSearch(request, task);
  const page = isPaged(request) ? await pageOf(task.index, request) : undefined;
  const best = (k: number) =>
    reader.searchText({ ...search, k, columns: [], isInner: true, timeoutMs: left() });
  const hits = async () => ({ hits: await reader.searchText({ ...search, timeoutMs: left() }) });
  return atOneVersion(reader, task, async () => {
    const found = page ? page.hits({ ...task, reader, best }, left) : hits();
    const [answer, told] = await Promise.all([found, toldOf(reader, search)]);
    const shown = await highlightedHits(answer.hits, request, search.plan, task);
    return { ...answer, hits: shown, ...told };
  });
}

/**
 * The k best by vector and words: both legs at one version and with one filter, beside each other. What they find is
 * fused, and then the columns of the k best are read. A range of distances is the vector leg's.
 * @throws what searchIndex throws
 */
export async function searchByBoth(request: SearchRequest, task: SearchTask): Promise<Found> {
  const { reader } = task.lease;
  const { k, hybrid } = request;
  const { left, signal } = task;
  const asked = await askedQuery(request, task.lease, task.providers, { timeoutMs: left(), signal });
  const page = isPaged(request) ? await pageOf(task.index, request) : undefined;
  const asLegs = (atMost: number, leg: "rows" | "ids") => legQueries(request, task, asked, atMost, leg);
  const { near, text } = asLegs(page?.depth ?? k, "ids");
  const legs = (atMost: number, leg: "rows" | "ids") => foundByBoth(reader, asLegs(atMost, leg), asked);
  const best = async (atMost: number) => bestOfBoth(await legs(atMost, "ids"), hybrid, atMost);
  const byRows = async () => {
    if (!reader.documentsOf || asked.without !== undefined) return undefined;
    const { version } = reader;
    return fusedHits(await legs(k, "rows"), hybrid, k, async (some) =>
      reader.documentsOf?.(version, some, task.columns, left(), signal),
    );
  };
  const byIds = async () =>
    fusedHits(await legs(k, "ids"), hybrid, k, (some) => {
      const ids = some.map(({ doc_id }) => doc_id);
      return reader.fetch(ids, task.columns, left(), signal);
    });
  const hits = async () => ({ hits: (await byRows()) ?? (await byIds()) ?? [] });
  const found = await atOneVersion(reader, task, async () => {
    const fused = page ? page.hits({ ...task, reader, best }, left) : hits();
    const [answer, told] = await Promise.all([fused, toldOf(reader, text)]);
    const shown = await highlightedHits(answer.hits, request, text.plan, task);
    return { ...answer, hits: shown, ...told };
  });
  const unindexedRows = await reader.unindexedRows?.();
  return {
    ...found,
    ...(unindexedRows === undefined ? {} : { unindexedRows }),
    ...embeddedIn(asked),
    ...near.settings,
  };
}

interface LegQueries {
  candidates: number;
  near: Query;
  text: TextSearch;
}

/** The searches of both legs, whose hits are enough to fuse so many of them. */
function legQueries(
  request: SearchRequest,
  task: SearchTask,
  asked: AskedQuery,
  atMost: number,
  by: "rows" | "ids",
): LegQueries {
  const { hybrid, refineFactor = 1 } = request;
  const most = Math.min(
    isPaged(request) ? limits.maxSearchDepth : limits.maxK,
    Math.floor((limits.maxK * limits.maxRefineFactor) / refineFactor),
  );
  const candidates =
    hybrid?.candidates ?? Math.max(atMost, Math.min(most, atMost * limits.fusedCandidatesPerHit));
  const leg = { ...request, k: candidates };
  const inner = { ...task, columns: [] };
  return {
    candidates,
    near: { ...nearestQuery(leg, asked, inner), isInner: true, leg: by },
    text: { ...textSearch(leg, inner), k: searchedFor(candidates, asked), isInner: true, leg: by },
  };
}

/** What each leg finds, beside the other. */
async function foundByBoth(
  reader: Reader,
  { near, text, candidates }: LegQueries,
  asked: AskedQuery,
): Promise<LegHits> {
  const [nearest, worded] = await Promise.all([reader.search(near), reader.searchText(text)]);
  return { vector: askedHits(nearest, candidates, asked), text: askedHits(worded, candidates, asked) };
}

/** The search for the k best by words of a request. */
export function textSearch(request: SearchRequest, { lease, columns, left, signal }: SearchTask): TextSearch {
  const { k, filter } = request;
  return {
    plan: countedText(request, lease),
    k,
    columns,
    timeoutMs: left(),
    ...(filter ? { filter } : {}),
    ...(signal ? { signal } : {}),
  };
}

/** What is told of a search by words beside its hits. */
export async function toldOf(reader: Reader, { plan }: TextSearch): Promise<{ textUnindexedRows?: number }> {
  const rows = await reader.textUnindexedRows?.(columnsOf(plan));
  return rows === undefined ? {} : { textUnindexedRows: rows };
}

/** Again where the reader moved on meanwhile: a request beside this one has seen a later version. */
export async function atOneVersion<T>(
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
