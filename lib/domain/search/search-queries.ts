import { limits } from "../../config/limits.ts";
import { answerBytes } from "../answer-size.ts";
import { noProviders } from "../embedding/providers.ts";
import { badRequest, DomainError } from "../errors.ts";
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
    const opened: WarmIndexes = { use: (_index, _freshness, work) => work(lease) };
    const search = (one: SearchRequest) =>
      rerankedSearch(opened, index, one, ends - performance.now(), signal, providers);
    for (let tries = 0; tries < limits.changedTableTries; tries++) {
      const { version } = lease.reader;
      const results = await resultsOf(queries, search);
      if (lease.reader.version === version) return { results };
    }
    throw new DomainError("TooBusy", "the index was changed during the searches, again and again");
  });
}

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
): Promise<Result[]> {
  const results: Result[] = [];
  let [next, bytes] = [0, 0];
  let failure: unknown;
  const worker = async () => {
    while (next < queries.length && failure === undefined) {
      const i = next++;
      const result = await search(queries[i] as SearchRequest).catch(ofQuery);
      bytes += answerBytes(JSON.stringify(JSON.stringify(result))) + 1;
      if (bytes > limits.maxAnswerBytes - limits.answerFrameBytes) throw tooLarge(queries.length);
      results[i] = result;
    }
  };
  const workers = Array.from({ length: limits.queriesAtATime }, () =>
    worker().catch((error) => {
      failure ??= error;
    }),
  );
  await Promise.all(workers); // none goes on behind the answer
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
