import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { indexName } from "../../domain/names.ts";
import {
  asOfParameter,
  batchRequest,
  batchResponse,
  minVersionParameter,
  selectParameter,
} from "../../domain/search/fetch-request.ts";
import { consistency, minGeneration } from "../../domain/search/freshness.ts";
import { filterParameter, listResponse } from "../../domain/search/list-documents.ts";
import { parseQueryRequest, queryRequest, queryResponse } from "../../domain/search/query-request.ts";
import { docId } from "../../domain/search/search-request.ts";
import { document } from "../../domain/search/search-response.ts";
import { common, cursor, type Operations, ofIndex } from "./operation.ts";

/** What reads documents without a search: as light as what searches, and for the same reason. */
export const fetchingOperations = {
  fetchDocument: {
    ...common,
    method: "get",
    route: "/indexes/{index}/documents/{docId}",
    summary: "One document; the vector only when selected",
    needs: "read",
    path: z.strictObject({ index: indexName, docId }),
    query: z.strictObject({
      select: selectParameter.optional(),
      consistency: consistency.default("eventual"),
      minVersion: minVersionParameter.optional(),
      minGeneration: minGeneration.optional(),
      asOf: asOfParameter.optional(),
    }),
    response: document,
  },
  fetchDocuments: {
    ...common,
    method: "post",
    route: "/indexes/{index}/documents/batch-get",
    summary: "Documents by their ids, of which a path could not carry all",
    needs: "read",
    path: ofIndex,
    body: batchRequest,
    maxBodyBytes: limits.maxBodyBytes,
    response: batchResponse,
  },
  listDocuments: {
    ...common,
    method: "get",
    route: "/indexes/{index}/documents",
    summary: "All documents, or those a filter leaves, in pages of one version",
    needs: "read",
    path: ofIndex,
    query: z.strictObject({
      cursor: z.string().min(1).max(limits.maxCursorLength).meta(cursor).optional(),
      limit: z.coerce
        .number()
        .int()
        .min(1)
        .max(limits.maxListedDocuments)
        .default(limits.defaultListedDocuments),
      filter: filterParameter.optional(),
      select: selectParameter.optional(),
      consistency: consistency.default("eventual"),
      minVersion: minVersionParameter.optional(),
      minGeneration: minGeneration.optional(),
      asOf: asOfParameter.optional(),
    }),
    response: listResponse,
  },
  queryDocuments: {
    ...common,
    method: "post",
    route: "/indexes/{index}/query",
    summary: "Documents by a filter, in an order, with counts of all that it leaves",
    needs: "read",
    path: ofIndex,
    body: queryRequest,
    parseBody: parseQueryRequest,
    maxBodyBytes: limits.maxBodyBytes,
    response: queryResponse,
  },
} satisfies Operations;
