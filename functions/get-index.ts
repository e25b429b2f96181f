import { describeIndex } from "../lib/domain/search/describe-index.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { indexOperations } from "../lib/http/operations/indexes.ts";
import { readers } from "../lib/readers.ts";

export const handler = httpHandler(
  indexOperations,
  "getIndex",
  readers,
  async ({ path }, { registry, indexes, fallbacks }) => ({
    body: await describeIndex(registry, indexes, fallbacks, path.index),
  }),
);
