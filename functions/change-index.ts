import { describeWritten } from "../lib/domain/documents/describe-written.ts";
import { changeIndex } from "../lib/domain/index/change-index.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { indexOperations } from "../lib/http/operations/indexes.ts";
import { readers } from "../lib/readers.ts";

export const handler = httpHandler(indexOperations, "changeIndex", readers, async ({ path, body }, deps) => {
  await changeIndex(deps, path.index, body);
  return { body: await describeWritten(deps, path.index) };
});
