import { container } from "../lib/container.ts";
import { httpHandler } from "../lib/http/http-handler.ts";

export const handler = httpHandler("listBuckets", container, async (_request, { buckets }) => ({
  body: { buckets: buckets.all().map(({ name, backend, readOnly }) => ({ name, backend, readOnly })) },
}));
