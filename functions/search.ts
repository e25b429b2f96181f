import { container } from "../lib/container.ts";
import { searchIndex } from "../lib/domain/search-index.ts";
import { httpHandler } from "../lib/http/http-handler.ts";

export const handler = httpHandler("search", container, async ({ path, body, timeoutMs }, { indexes }) => ({
  body: await searchIndex(indexes, path.index, body, timeoutMs()),
}));
