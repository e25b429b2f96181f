import { limits } from "../../config/limits.ts";
import { badRequest } from "../errors.ts";
import type { Filter } from "../values/filter.ts";
import { type AskedQuery, askedLegs } from "./asked-query.ts";
import type { GroupBy, GroupValue } from "./group-by.ts";
import { isLeft, type Restriction, restricted } from "./hit-groups.ts";
import { textSearch } from "./search-by-text.ts";
import { nearestQuery, type SearchTask } from "./search-by-vector.ts";
import type { LegName, SearchRequest } from "./search-request.ts";
import type { Hit } from "./search-response.ts";

/** A search with groupBy. */
export type GroupedRequest = SearchRequest & { groupBy: GroupBy };

/** Rows with the values of their groups' column, best first. */
interface Ranking {
  hits: Hit[];
  /** Whether there are no more of them. */
  isAll: boolean;
}

/** One way of ranking rows, of which more are asked for again and again. */
export interface RankedLeg {
  name: LegName;
  /** The k best that a restriction leaves, or more. */
  best(k: number, restriction: Restriction | undefined): Promise<Ranking>;
}

/** The legs of a request. @param asked by its vector; undefined where it has none */
export function rankedLegs(
  request: GroupedRequest,
  asked: AskedQuery | undefined,
  task: SearchTask,
): RankedLeg[] {
  const { byText } = askedLegs(request, task.lease.published);
  return [
    ...(asked ? [vectorLeg(request, asked, task)] : []),
    ...(byText ? [task.lease.isNarrowed ? ownTextLeg(request, task) : textLeg(request, task, asked)] : []),
  ];
}

const restrictedBy = (restriction: Restriction | undefined, { filter, groupBy }: GroupedRequest) => {
  const left: Filter | undefined = restricted(filter, groupBy.column, restriction);
  return left ? { filter: left } : {};
};

function vectorLeg(request: GroupedRequest, asked: AskedQuery, task: SearchTask): RankedLeg {
  const columns = [request.groupBy.column];
  const best = async (k: number, restriction: Restriction | undefined) => {
    const one = { ...request, ...restrictedBy(restriction, request), k };
    const query = nearestQuery(one, asked, { ...task, columns });
    const hits = await task.lease.reader.search({ ...query, isInner: true });
    return { hits, isAll: hits.length < query.k };
  };
  return { name: "vector", best };
}

/**
 * Scores of rows that no index of text holds go by what a filter leaves. So its own is kept, and the search goes deeper, as
 * long as it may.
 */
function textLeg(request: GroupedRequest, task: SearchTask, asked: AskedQuery | undefined): RankedLeg {
  const columns = [request.groupBy.column];
  const deepest = limits.maxGroupedRows;
  let depth = 0;
  const best = async (k: number, restriction: Restriction | undefined) => {
    const narrower = depth < deepest ? {} : restrictedBy(restriction, request);
    depth = Math.min(deepest, Math.max(k, 4 * depth));
    const search = textSearch({ ...request, ...narrower, k: depth }, { ...task, columns });
    const leg = asked ? ({ leg: "ids" } as const) : {}; // as a search by both ranks them
    const hits = await task.lease.reader.searchText({ ...search, isInner: true, ...leg });
    return { hits, isAll: hits.length < depth };
  };
  return { name: "text", best };
}

/** A key's own ranking goes by all that is found: it is made once. */
function ownTextLeg(request: GroupedRequest, task: SearchTask): RankedLeg {
  let all: Promise<Hit[]> | undefined;
  const best = async (k: number, restriction: Restriction | undefined) => {
    all ??= ownRanked(request, task);
    const { column } = request.groupBy;
    const left = (await all).filter((one) => !restriction || isLeft(restriction, one[column] as GroupValue));
    return { hits: left.slice(0, k), isAll: left.length <= k };
  };
  return { name: "text", best };
}

async function ownRanked(request: GroupedRequest, task: SearchTask): Promise<Hit[]> {
  const { column } = request.groupBy;
  const { reader } = task.lease;
  const search = textSearch({ ...request, k: limits.ownRankedRows }, { ...task, columns: [] });
  const ranked = await reader.searchText({ ...search, isInner: true });
  const hits: Hit[] = [];
  for (let from = 0; from < ranked.length; from += limits.maxFetchedDocuments) {
    const some = ranked.slice(from, from + limits.maxFetchedDocuments);
    const ids = [...new Set(some.map(({ doc_id }) => doc_id))];
    const documents = await reader.fetch(ids, [column], task.left(), task.signal);
    for (const one of some) {
      const document = documents.get(one.doc_id);
      if (document) hits.push({ ...document, ...one });
    }
  }
  return hits;
}

/** What a leg's row is grouped by. @throws BadRequest of a text that is too long */
export function groupOf(hit: Hit, { column }: GroupBy): GroupValue {
  const value = (hit[column] ?? null) as GroupValue;
  if (typeof value === "string" && value.length > limits.maxGroupValueLength)
    throw badRequest({
      path: "groupBy.column",
      message: `has values of more than ${limits.maxGroupValueLength} characters, which make no groups; choose a column with shorter ones`,
    });
  return value;
}
