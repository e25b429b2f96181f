import { limits } from "../../config/limits.ts";
import { parseSearchRequest } from "../../domain/search/parse-search.ts";
import { searchRequest, searchResponse } from "../../domain/search/search-request.ts";
import { warmResponse } from "../../domain/search/warm-index.ts";
import { common, type Operations, ofIndex } from "./operation.ts";

/** What searches. Its function starts cold before a waiting user, so nothing else is described here. */
export const searchingOperations = {
  search: {
    ...common,
    method: "post",
    route: "/indexes/{index}/search",
    summary: "The k documents nearest to a vector",
    needs: "search",
    path: ofIndex,
    body: searchRequest,
    parseBody: parseSearchRequest,
    maxBodyBytes: limits.maxBodyBytes,
    response: searchResponse,
  },
  warmIndex: {
    ...common,
    method: "post",
    route: "/indexes/{index}/warm",
    summary: "Opens an index in the container that answers, and fills what its searches read",
    needs: "search",
    tellsOfAll: true,
    path: ofIndex,
    pendingStatus: 202,
    response: warmResponse,
  },
} satisfies Operations;
