import { fetchDocument } from "../lib/domain/fetch-document.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { readingOperations } from "../lib/http/operations/reading.ts";
import { readers } from "../lib/readers.ts";

export const handler = httpHandler(
  readingOperations,
  "fetchDocument",
  readers,
  async ({ path, query, timeoutMs }, { indexes }) => ({
    body: await fetchDocument(indexes, { ...path, ...query }, timeoutMs()),
  }),
);
