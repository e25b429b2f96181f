import { fetchDocument, fetchDocuments } from "../lib/domain/search/fetch-document.ts";
import { listDocuments } from "../lib/domain/search/list-documents.ts";
import { queryDocuments } from "../lib/domain/search/query-documents.ts";
import { byRoute } from "../lib/http/by-route.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { fetchingOperations } from "../lib/http/operations/fetching.ts";
import { readers } from "../lib/readers.ts";
import { warmBeforehand } from "../lib/warm-beforehand.ts";

warmBeforehand(readers);

const one = httpHandler(
  fetchingOperations,
  "fetchDocument",
  readers,
  async ({ path, query, timeoutMs, signal }, { indexes }) => ({
    body: await fetchDocument(indexes, { ...path, ...query }, timeoutMs(), signal),
  }),
);

const several = httpHandler(
  fetchingOperations,
  "fetchDocuments",
  readers,
  async ({ path, body, timeoutMs, signal }, { indexes }) => ({
    body: await fetchDocuments(indexes, path.index, body, timeoutMs(), signal),
  }),
);

const all = httpHandler(
  fetchingOperations,
  "listDocuments",
  readers,
  async ({ path, query, timeoutMs, signal }, { indexes }) => ({
    body: await listDocuments(indexes, path.index, query, timeoutMs(), signal),
  }),
);

const query = httpHandler(
  fetchingOperations,
  "queryDocuments",
  readers,
  async ({ path, body, timeoutMs, signal }, { indexes }) => ({
    body: await queryDocuments(indexes, path.index, body, timeoutMs(), signal),
  }),
);

/** All in the same container: what one has opened the others find open. */
export const handler = byRoute(one, [
  [fetchingOperations.fetchDocuments, several],
  [fetchingOperations.listDocuments, all],
  [fetchingOperations.queryDocuments, query],
]);
