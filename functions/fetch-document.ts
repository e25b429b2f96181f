import { container } from "../lib/container.ts";
import { fetchDocument } from "../lib/domain/fetch-document.ts";
import { httpHandler } from "../lib/http/http-handler.ts";

export const handler = httpHandler(
  "fetchDocument",
  container,
  async ({ path, query, timeoutMs }, { indexes }) => ({
    body: await fetchDocument(indexes, { ...path, ...query }, timeoutMs()),
  }),
);
