import { changeIndex } from "../lib/domain/index/change-index.ts";
import { describeIndex } from "../lib/domain/search/describe-index.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { indexOperations } from "../lib/http/operations/indexes.ts";
import { readers } from "../lib/readers.ts";

export const handler = httpHandler(indexOperations, "changeIndex", readers, async ({ path, body }, deps) => {
  await changeIndex(deps, path.index, body);
  return { body: await describeIndex(deps.registry, deps.indexes, deps.fallbacks, path.index) };
});
