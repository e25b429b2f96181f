import { container } from "../lib/container.ts";
import { dropIndex } from "../lib/domain/drop-index.ts";
import { httpHandler } from "../lib/http/http-handler.ts";

export const handler = httpHandler("dropIndex", container, async ({ path }, { registry, generations }) => {
  await dropIndex(registry, generations, path.index);
  return {};
});
