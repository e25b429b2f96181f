import { httpHandler } from "../lib/http/http-handler.ts";
import { serviceOperations } from "../lib/http/operations/service.ts";
import { readers } from "../lib/readers.ts";

export const handler = httpHandler(
  serviceOperations,
  "listBuckets",
  readers,
  async (_request, { buckets }) => ({
    body: { buckets: buckets.all().map(({ name, backend, readOnly }) => ({ name, backend, readOnly })) },
  }),
);
