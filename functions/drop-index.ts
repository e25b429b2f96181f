import { container } from "../lib/container.ts";
import { dropInTurn } from "../lib/domain/documents/drop-in-turn.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { indexOperations } from "../lib/http/operations/indexes.ts";

export const handler = httpHandler(
  indexOperations,
  "dropIndex",
  container,
  async ({ path, timeoutMs }, deps) => {
    await dropInTurn(deps, path.index, timeoutMs());
    return {};
  },
);
