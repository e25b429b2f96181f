import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { indexName } from "../../domain/names.ts";
import { parseSearchRequest } from "../../domain/search/search-index.ts";
import {
  batchRequest,
  batchResponse,
  consistency,
  docId,
  document,
  minVersionParameter,
  searchRequest,
  searchResponse,
  selectParameter,
} from "../../domain/search/search-request.ts";
import { warmResponse } from "../../domain/search/warm-index.ts";
import { common, type Operations, ofIndex } from "./operation.ts";

/** What reads documents. Its functions start cold before a waiting user, so nothing else is described here. */
export const readingOperations = {
  search: {
    ...common,
    method: "post",
    route: "/indexes/{index}/search",
    summary: "The k documents nearest to a vector",
    path: ofIndex,
    body: searchRequest,
    parseBody: parseSearchRequest,
    maxBodyBytes: limits.maxBodyBytes,
    response: searchResponse,
  },
  fetchDocument: {
    ...common,
    method: "get",
    route: "/indexes/{index}/documents/{docId}",
    summary: "One document; the vector only when selected",
    path: z.strictObject({ index: indexName, docId }),
    query: z.strictObject({
      select: selectParameter.optional(),
      consistency: consistency.default("eventual"),
      minVersion: minVersionParameter.optional(),
    }),
    response: document,
  },
  fetchDocuments: {
    ...common,
    method: "post",
    route: "/indexes/{index}/documents/batch-get",
    summary: "Documents by their ids, of which a path could not carry all",
    path: ofIndex,
    body: batchRequest,
    maxBodyBytes: limits.maxBodyBytes,
    response: batchResponse,
  },
  warmIndex: {
    ...common,
    method: "post",
    route: "/indexes/{index}/warm",
    summary: "Opens an index in the container that answers, and fills what its searches read",
    path: ofIndex,
    pendingStatus: 202,
    response: warmResponse,
  },
} satisfies Operations;
