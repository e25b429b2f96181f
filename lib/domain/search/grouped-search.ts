import { limits } from "../../config/limits.ts";
import { rowsWithin } from "../answer-size.ts";
import type { Providers } from "../embedding/providers.ts";
import { DomainError } from "../errors.ts";
import { type AskedQuery, askedLegs, askedQuery } from "./asked-query.ts";
import type { GroupedResponse, HitGroup } from "./grouped-response.ts";
import { highlightedHits } from "./highlighted-hits.ts";
import { HitGroups } from "./hit-groups.ts";
import { type GroupedRequest, rankedLegs } from "./ranked-legs.ts";
import { RankedRows } from "./ranked-rows.ts";
import type { WarmIndexes } from "./reader.ts";
import { atOneVersion, countedText } from "./search-by-text.ts";
import { embeddedIn, nearestQuery, type SearchTask } from "./search-by-vector.ts";
import { searched, type Told } from "./search-index.ts";
import type { Document, Hit } from "./search-response.ts";

/**
 * The best hits of each value of a column: as many groups, and of each as many hits, as are asked for, or all that match.
 * Rows are searched for until that is so: more each time, without those of groups that are full.
 * @throws what searchIndex throws
 */
export async function groupedSearch(
  indexes: WarmIndexes,
  index: string,
  request: GroupedRequest,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  providers: Providers,
): Promise<GroupedResponse> {
  const given = { timeoutMs, signal, providers };
  const { found, performance, ...counts } = await searched(indexes, index, request, given, (_, task) =>
    grouped(request, task),
  );
  return { groups: found.groups, ...counts, performance: { ...performance, searches: found.searches } };
}

interface FoundGroups extends Told {
  groups: HitGroup[];
  searches: number;
}

async function grouped(request: GroupedRequest, task: SearchTask): Promise<FoundGroups> {
  const { lease, left, signal, providers } = task;
  const { byVector } = askedLegs(request, lease.published);
  const waiting = { timeoutMs: left(), signal };
  const asked = byVector ? await askedQuery(request, lease, providers, waiting) : undefined;
  const found = await atOneVersion(lease.reader, task, () => fullGroups(request, asked, task));
  const unindexedRows = asked && (await lease.reader.unindexedRows?.());
  return {
    ...found,
    ...(unindexedRows === undefined ? {} : { unindexedRows }),
    ...(asked ? embeddedIn(asked) : {}),
  };
}

type Full = Omit<FoundGroups, "version">;

async function fullGroups(
  request: GroupedRequest,
  asked: AskedQuery | undefined,
  task: SearchTask,
): Promise<Full> {
  const legs = rankedLegs(request, asked, task);
  const rows = new RankedRows(legs, request, asked?.without);
  const groups = new HitGroups(request.groupBy);
  const { first, most } = depthsOf(request, legs.length > 1);
  let [k, searches] = [first, 0];
  for (let isAll = false; !isAll && !groups.areFull; k = Math.min(most, 4 * k)) {
    task.signal?.throwIfAborted();
    isAll = await rows.add(k, groups.restriction);
    groups.rank(rows.ranking, rows.valueOf);
    searches++;
  }
  const settings = asked && nearestQuery({ ...request, k: first }, asked, task).settings;
  return { groups: await withColumns(groups.best, rows, request, task), searches, ...settings };
}

/**
 * How many rows are ranked by the first search, and by any. As many as groups hold at least, so that each search fills
 * another group where it does not find all there is.
 */
function depthsOf({ groupBy, hybrid, exact, refineFactor = 1 }: GroupedRequest, isHybrid: boolean) {
  const held = groupBy.limit * groupBy.size;
  const refined = Math.floor((limits.maxK * limits.maxRefineFactor) / refineFactor);
  const most = Math.min(limits.maxGroupedRows, refined);
  const fused = hybrid?.candidates ?? Math.min(limits.maxK, held * limits.fusedCandidatesPerHit);
  const first = isHybrid ? fused : Math.max(exact ? limits.maxK : limits.leastGroupedRows, 2 * held);
  return { first: Math.min(most, first), most };
}

/** @throws AnswerTooLarge */
async function withColumns(
  groups: HitGroup[],
  rows: RankedRows,
  request: GroupedRequest,
  task: SearchTask,
): Promise<HitGroup[]> {
  const all = groups.flatMap(({ hits }) => hits);
  const whole = await withDocuments(all, rows, task);
  const shown = request.highlight
    ? await highlightedHits(whole, request, countedText(request, task.lease), task)
    : whole;
  const byId = new Map(shown.map((hit) => [hit.doc_id, hit]));
  const made = ({ value, hits }: HitGroup): HitGroup => ({
    value,
    hits: hits.flatMap(({ doc_id }) => byId.get(doc_id) ?? []),
  });
  return rowsWithin(
    groups.length,
    (i) => made(groups[i] as HitGroup),
    (fit) => tooLarge(groups.length, fit),
  );
}

async function withDocuments(
  hits: Hit[],
  rows: RankedRows,
  { lease: { reader }, columns, left, signal }: SearchTask,
): Promise<Hit[]> {
  if (hits.length === 0 || columns.length === 0) return hits;
  const found = rows.foundAs(hits);
  const ids = [...new Set(found.map(({ doc_id }) => doc_id))];
  const documents =
    (await reader.documentsOf?.(reader.version, found, columns, left(), signal)) ??
    (await reader.fetch(ids, columns, left(), signal));
  return hits.flatMap((hit) => {
    const document: Document | undefined = documents.get(hit.doc_id);
    return document ? [{ ...document, ...hit }] : [];
  });
}

const tooLarge = (groups: number, fit: number) =>
  new DomainError(
    "AnswerTooLarge",
    `of ${groups} groups ${fit} fit into an answer of ${limits.maxAnswerBytes} bytes; ask for a smaller groupBy.limit or groupBy.size, or for fewer columns with select`,
  );
