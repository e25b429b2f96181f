import { explainedWhereAsked } from "../lib/domain/search/explained-where-asked.ts";
import type { QueriesRequest } from "../lib/domain/search/queries-request.ts";
import type { WarmIndexes } from "../lib/domain/search/reader.ts";
import { searchIndex } from "../lib/domain/search/search-index.ts";
import type { SearchRequest } from "../lib/domain/search/search-request.ts";
import { indexesSeen } from "../lib/domain/search/seen-indexes.ts";
import { warmIndex } from "../lib/domain/search/warm-index.ts";
import { byRoute } from "../lib/http/by-route.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { searchingOperations } from "../lib/http/operations/searching.ts";
import { withOwnUrl } from "../lib/http/own-url.ts";
import { readers } from "../lib/readers.ts";
import { warmBeforehand } from "../lib/warm-beforehand.ts";

warmBeforehand(readers);

const search = httpHandler(
  searchingOperations,
  "search",
  readers,
  async ({ path: { index }, body, timeoutMs, signal }, { providers, costs, ...seen }) => {
    const way = await wayOf(body);
    const asked = "queries" in body ? body.queries[0] : body;
    const given = { indexes: await indexesSeen(seen, asked), costs, left: timeoutMs };
    const answer = (indexes: WarmIndexes): Promise<object> =>
      way(indexes, index, body as never, timeoutMs(), signal, providers);
    return { body: await explainedWhereAsked(asked, given, answer) };
  },
);

/** What answers a body; but for the usual one each is loaded when it is asked for. */
async function wayOf(body: SearchRequest | QueriesRequest) {
  if ("queries" in body) return (await import("../lib/domain/search/search-queries.ts")).searchQueries;
  if (body.groupBy) return (await import("../lib/domain/search/grouped-search.ts")).groupedSearch;
  if (body.rerank) return (await import("../lib/domain/search/reranked-search.ts")).rerankedSearch;
  return searchIndex;
}

const warm = httpHandler(
  searchingOperations,
  "warmIndex",
  readers,
  async ({ path, timeoutMs }, { indexes }) => {
    const body = await warmIndex(indexes, path.index, timeoutMs());
    return {
      body,
      ...(body.state === "warming" ? { status: searchingOperations.warmIndex.pendingStatus } : {}),
    };
  },
);

const recall = httpHandler(
  searchingOperations,
  "measureRecall",
  readers,
  async ({ path, body, timeoutMs, signal }, seen) => {
    const indexes = await indexesSeen(seen, body);
    const { measureRecall } = await import("../lib/domain/recall/measure-recall.ts");
    return { body: await measureRecall(indexes, path.index, body, timeoutMs(), signal) };
  },
);

/** Searches, and warms what they read: only in the same container is that of use. */
export const handler = withOwnUrl(
  Object.values(searchingOperations),
  byRoute(search, [
    [searchingOperations.warmIndex, warm],
    [searchingOperations.measureRecall, recall],
  ]),
);
