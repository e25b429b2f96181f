import { explainedWhereAsked } from "../lib/domain/search/explained-where-asked.ts";
import { fetchDocument, fetchDocuments } from "../lib/domain/search/fetch-document.ts";
import { listDocuments } from "../lib/domain/search/list-documents.ts";
import { queryDocuments } from "../lib/domain/search/query-documents.ts";
import { indexesSeen } from "../lib/domain/search/seen-indexes.ts";
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
  async ({ path, query, timeoutMs, signal }, seen) => ({
    body: await fetchDocument(await indexesSeen(seen, query), { ...path, ...query }, timeoutMs(), signal),
  }),
);

const several = httpHandler(
  fetchingOperations,
  "fetchDocuments",
  readers,
  async ({ path, body, timeoutMs, signal }, seen) => ({
    body: await fetchDocuments(await indexesSeen(seen, body), path.index, body, timeoutMs(), signal),
  }),
);

const all = httpHandler(
  fetchingOperations,
  "listDocuments",
  readers,
  async ({ path, query, timeoutMs, signal }, seen) => ({
    body: await listDocuments(await indexesSeen(seen, query), path.index, query, timeoutMs(), signal),
  }),
);

const query = httpHandler(
  fetchingOperations,
  "queryDocuments",
  readers,
  async ({ path, body, timeoutMs, signal }, seen) => ({
    body: await explainedWhereAsked(
      body,
      { indexes: await indexesSeen(seen, body), costs: seen.costs, left: timeoutMs },
      (indexes) => queryDocuments(indexes, path.index, body, timeoutMs(), signal),
    ),
  }),
);

/** All in the same container: what one has opened the others find open. */
export const handler = byRoute(one, [
  [fetchingOperations.fetchDocuments, several],
  [fetchingOperations.listDocuments, all],
  [fetchingOperations.queryDocuments, query],
]);
