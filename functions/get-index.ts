import { describeWritten } from "../lib/domain/documents/describe-written.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { indexOperations } from "../lib/http/operations/indexes.ts";
import { readers } from "../lib/readers.ts";

export const handler = httpHandler(indexOperations, "getIndex", readers, async ({ path }, deps) => ({
  body: await describeWritten(deps, path.index),
}));
