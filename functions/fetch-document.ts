import { fetchDocument } from "../lib/domain/fetch-document.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { readingOperations } from "../lib/http/operations/reading.ts";
import { readers } from "../lib/readers.ts";
import { warmBeforehand } from "../lib/warm-beforehand.ts";

warmBeforehand(readers);

export const handler = httpHandler(
  readingOperations,
  "fetchDocument",
  readers,
  async ({ path, query, timeoutMs, signal }, { indexes }) => ({
    body: await fetchDocument(indexes, { ...path, ...query }, timeoutMs(), signal),
  }),
);
