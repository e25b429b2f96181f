import { limits } from "../../config/limits.ts";
import { answerBytes } from "../answer-size.ts";
import { noProviders } from "../embedding/providers.ts";
import { badRequest, DomainError } from "../errors.ts";
import { gatheringReader } from "./gathered-searches.ts";
import type { QueriesRequest, QueriesResponse } from "./queries-request.ts";
import type { Lease, WarmIndexes } from "./reader.ts";
import { rerankedSearch } from "./reranked-search.ts";
import { unfitIssues } from "./search-index.ts";
import type { SearchRequest } from "./search-request.ts";

type Result = QueriesResponse["results"][number];

/**
 * Each query's nearest, of one version of the index, some queries at a time. Nothing is searched for unless all of them fit the
 * index.
 * @param timeoutMs what is left of the request's deadline, for all of them
 * @throws as searchIndex, but for DocumentNotFound, which is the result of its query; TooBusy where the index moves on all the time
 */
export async function searchQueries(
  indexes: WarmIndexes,
  index: string,
  { queries }: QueriesRequest,
  timeoutMs: number,
  signal?: AbortSignal,
  providers = noProviders,
): Promise<QueriesResponse> {
  const ends = performance.now() + timeoutMs;
  return indexes.use(index, queries[0], async (lease) => {
    await refuseUnfit(queries, lease);
    const own = { ...lease, reader: gatheringReader(lease.reader, lease.published.vectorColumn) };
    const opened: WarmIndexes = { use: (_index, _freshness, work) => work(own) };
    const search = (one: SearchRequest) =>
      rerankedSearch(opened, index, one, ends - performance.now(), signal, providers);
    const isShared = (i: number) =>
      lease.reader.searchAlike !== undefined && isGathered(queries[i] as SearchRequest, lease);
    for (let tries = 0; tries < limits.changedTableTries; tries++) {
      const { version } = lease.reader;
      const results = await resultsOf(queries, search, isShared);
      if (lease.reader.version === version) return { results };
    }
    throw new DomainError("TooBusy", "the index was changed during the searches, again and again");
  });
}

/** Whether it is searched for together with others: by a vector that is there, for what is narrow. */
const isGathered = ({ vector, text, rerank, select, distanceRange }: SearchRequest, { published }: Lease) =>
  vector !== undefined &&
  text === undefined &&
  !rerank &&
  !distanceRange &&
  !select?.includes(published.vectorColumn);

async function refuseUnfit(queries: SearchRequest[], lease: Lease): Promise<void> {
  const each = await Promise.all(queries.map((query) => unfitIssues(query, lease)));
  const issues = each.flatMap((all, i) =>
    all.map(({ path, message }) => ({ path: `queries[${i}].${path}`, message })),
  );
  if (issues.length > 0) throw badRequest(issues);
}

/** @throws AnswerTooLarge as soon as those that are there have no room in one answer */
async function resultsOf(
  queries: SearchRequest[],
  search: (one: SearchRequest) => Promise<Result>,
  isShared: (i: number) => boolean,
): Promise<Result[]> {
  const results: Result[] = [];
  let bytes = 0;
  let failure: unknown;
  const worker = async (places: number[]) => {
    for (let i = places.shift(); i !== undefined && failure === undefined; i = places.shift()) {
      const result = await search(queries[i] as SearchRequest).catch(ofQuery);
      bytes += answerBytes(JSON.stringify(JSON.stringify(result))) + 1;
      if (bytes > limits.maxAnswerBytes - limits.answerFrameBytes) throw tooLarge(queries.length);
      results[i] = result;
    }
  };
  const [alone, shared] = [false, true].map((is) => [...queries.keys()].filter((i) => isShared(i) === is));
  const work = (places: number[] = [], atATime = places.length) =>
    Array.from({ length: atATime }, () =>
      worker(places).catch((error) => {
        failure ??= error;
      }),
    );
  await Promise.all([...work(shared), ...work(alone, limits.queriesAtATime)]); // none goes on behind the answer
  if (failure !== undefined) throw failure;
  return results;
}

function ofQuery(error: unknown): Result {
  if (!(error instanceof DomainError) || error.kind !== "DocumentNotFound") throw error;
  return { problem: { code: error.code, detail: error.message } };
}

const tooLarge = (count: number) =>
  new DomainError(
    "AnswerTooLarge",
    `the hits of ${count} queries do not fit into an answer of ${limits.maxAnswerBytes} bytes; send fewer, with a smaller k, or for fewer columns with select`,
  );
