import { container } from "../lib/container.ts";
import { dropIndex } from "../lib/domain/index/drop-index.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { indexOperations } from "../lib/http/operations/indexes.ts";

export const handler = httpHandler(
  indexOperations,
  "dropIndex",
  container,
  async ({ path }, { registry, generations }) => {
    await dropIndex(registry, generations, path.index);
    return {};
  },
);
