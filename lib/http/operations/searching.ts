import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { parseRecallRequest, recallRequest, recallResponse } from "../../domain/recall/recall-request.ts";
import { groupedResponse } from "../../domain/search/grouped-response.ts";
import { parseSearchBody, queriesRequest, queriesResponse } from "../../domain/search/queries-request.ts";
import { searchRequest } from "../../domain/search/search-request.ts";
import { searchResponse } from "../../domain/search/search-response.ts";
import { warmResponse } from "../../domain/search/warm-index.ts";
import { common, type Operations, ofIndex } from "./operation.ts";

/** What searches. Its function starts cold before a waiting user, so nothing else is described here. */
export const searchingOperations = {
  search: {
    ...common,
    method: "post",
    route: "/indexes/{index}/search",
    summary: "The k documents nearest to a vector, or to each of many",
    needs: "search",
    path: ofIndex,
    body: z.union([searchRequest, queriesRequest]) as z.ZodType<ReturnType<typeof parseSearchBody>>,
    parseBody: parseSearchBody,
    maxBodyBytes: limits.maxBodyBytes,
    response: z.union([searchResponse, groupedResponse, queriesResponse]),
  },
  measureRecall: {
    ...common,
    method: "post",
    route: "/indexes/{index}/recall",
    summary: "How much of what is nearest searches find now, against comparing every row",
    needs: "search",
    path: ofIndex,
    body: recallRequest,
    parseBody: parseRecallRequest,
    maxBodyBytes: limits.maxBodyBytes,
    response: recallResponse,
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
