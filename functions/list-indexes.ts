import { container } from "../lib/container.ts";
import { listIndexes } from "../lib/domain/describe-index.ts";
import { httpHandler } from "../lib/http/http-handler.ts";

export const handler = httpHandler("listIndexes", container, async ({ query }, { registry }) => ({
  body: await listIndexes(registry, query),
}));
