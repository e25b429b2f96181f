import { searchIndex } from "../lib/domain/search/search-index.ts";
import { warmIndex } from "../lib/domain/search/warm-index.ts";
import { byRoute } from "../lib/http/by-route.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { readingOperations } from "../lib/http/operations/reading.ts";
import { readers } from "../lib/readers.ts";
import { warmBeforehand } from "../lib/warm-beforehand.ts";

warmBeforehand(readers);

const search = httpHandler(
  readingOperations,
  "search",
  readers,
  async ({ path, body, timeoutMs, signal }, { indexes }) => ({
    body: await searchIndex(indexes, path.index, body, timeoutMs(), signal),
  }),
);

const warm = httpHandler(
  readingOperations,
  "warmIndex",
  readers,
  async ({ path, timeoutMs }, { indexes }) => {
    const body = await warmIndex(indexes, path.index, timeoutMs());
    return {
      body,
      ...(body.state === "warming" ? { status: readingOperations.warmIndex.pendingStatus } : {}),
    };
  },
);

/** Searches, and warms what they read: only in the same container is that of use. */
export const handler = byRoute(search, [[readingOperations.warmIndex, warm]]);
