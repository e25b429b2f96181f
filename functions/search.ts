import { searchIndex } from "../lib/domain/search-index.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { readingOperations } from "../lib/http/operations/reading.ts";
import { readers } from "../lib/readers.ts";

export const handler = httpHandler(
  readingOperations,
  "search",
  readers,
  async ({ path, body, timeoutMs }, { indexes }) => ({
    body: await searchIndex(indexes, path.index, body, timeoutMs()),
  }),
);
