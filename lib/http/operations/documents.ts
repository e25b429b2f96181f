import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { deleteRequest, parseDelete } from "../../domain/documents/delete-documents.ts";
import { onePatch, parseOnePatch, parsePatch, patchRequest } from "../../domain/documents/patch-request.ts";
import { written } from "../../domain/documents/receipts.ts";
import { documentsRequest, parseDocuments, writeMode } from "../../domain/documents/write-documents.ts";
import { indexName } from "../../domain/names.ts";
import { docId } from "../../domain/search/search-request.ts";
import { common, idempotent, type Operations, ofIndex } from "./operation.ts";

/** What writes documents. With the same Idempotency-Key each is done once. */
export const documentOperations = {
  writeDocuments: {
    ...common,
    method: "post",
    route: "/indexes/{index}/documents",
    summary: "Writes documents in one commit, as JSON, one a line, or as an Arrow IPC stream",
    needs: "write",
    path: ofIndex,
    query: z.strictObject({ mode: writeMode.default("upsert") }),
    headers: idempotent,
    body: documentsRequest,
    maxBodyBytes: limits.maxDocumentsBodyBytes,
    jsonBounds: { fields: limits.maxDocumentsJsonValues, values: limits.maxDocumentsJsonValues },
    linesOf: "documents",
    streamOf: "documents",
    parseBody: parseDocuments,
    response: written,
  },
  patchDocument: {
    ...common,
    method: "patch",
    route: "/indexes/{index}/documents/{docId}",
    summary: "Changes columns of a document that is there, on conditions if need be",
    needs: "write",
    path: z.strictObject({ index: indexName, docId }),
    headers: idempotent,
    body: onePatch,
    parseBody: parseOnePatch,
    maxBodyBytes: limits.maxBodyBytes,
    response: written,
  },
  patchDocuments: {
    ...common,
    method: "post",
    route: "/indexes/{index}/documents/patch",
    summary: "Changes columns of documents by their ids, or of those that a filter takes, in one commit",
    needs: "write",
    path: ofIndex,
    headers: idempotent,
    body: patchRequest,
    parseBody: parsePatch,
    maxBodyBytes: limits.maxDocumentsBodyBytes,
    jsonBounds: { fields: limits.maxDocumentsJsonValues, values: limits.maxDocumentsJsonValues },
    response: written,
  },
  deleteDocument: {
    ...common,
    method: "delete",
    route: "/indexes/{index}/documents/{docId}",
    summary: "Deletes a document; where there is none, nothing is deleted",
    needs: "write",
    path: z.strictObject({ index: indexName, docId }),
    headers: idempotent,
    response: written,
  },
  deleteDocuments: {
    ...common,
    method: "post",
    route: "/indexes/{index}/documents/delete",
    summary: "Deletes documents by their ids or by a filter, in one commit",
    needs: "write",
    path: ofIndex,
    headers: idempotent,
    body: deleteRequest,
    parseBody: parseDelete,
    maxBodyBytes: limits.maxBodyBytes,
    response: written,
  },
} satisfies Operations;
