import { searchIndex } from "../lib/domain/search/search-index.ts";
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
  async ({ path, body, timeoutMs, signal }, { indexes, providers }) => ({
    body: await ("queries" in body
      ? (await import("../lib/domain/search/search-queries.ts")).searchQueries(
          indexes,
          path.index,
          body,
          timeoutMs(),
          signal,
          providers,
        )
      : (body.rerank
          ? (await import("../lib/domain/search/reranked-search.ts")).rerankedSearch
          : searchIndex)(indexes, path.index, body, timeoutMs(), signal, providers)),
  }),
);

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
  async ({ path, body, timeoutMs, signal }, { indexes }) => {
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
