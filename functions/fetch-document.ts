import { fetchDocument, fetchDocuments } from "../lib/domain/search/fetch-document.ts";
import { byRoute } from "../lib/http/by-route.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { readingOperations } from "../lib/http/operations/reading.ts";
import { readers } from "../lib/readers.ts";
import { warmBeforehand } from "../lib/warm-beforehand.ts";

warmBeforehand(readers);

const one = httpHandler(
  readingOperations,
  "fetchDocument",
  readers,
  async ({ path, query, timeoutMs, signal }, { indexes }) => ({
    body: await fetchDocument(indexes, { ...path, ...query }, timeoutMs(), signal),
  }),
);

const several = httpHandler(
  readingOperations,
  "fetchDocuments",
  readers,
  async ({ path, body, timeoutMs, signal }, { indexes }) => ({
    body: await fetchDocuments(indexes, path.index, body, timeoutMs(), signal),
  }),
);

/** Both in the same container: what one has opened the other finds open. */
export const handler = byRoute(one, [[readingOperations.fetchDocuments, several]]);
