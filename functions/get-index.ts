import { container } from "../lib/container.ts";
import { describeIndex } from "../lib/domain/describe-index.ts";
import { httpHandler } from "../lib/http/http-handler.ts";

export const handler = httpHandler("getIndex", container, async ({ path }, { registry, indexes }) => ({
  body: await describeIndex(registry, indexes, path.index),
}));
