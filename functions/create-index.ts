import { container } from "../lib/container.ts";
import { createIndex } from "../lib/domain/documents/create-index.ts";
import { describeWritten } from "../lib/domain/documents/describe-written.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { keyedWrite } from "../lib/http/keyed-write.ts";
import { indexOperations } from "../lib/http/operations/indexes.ts";

export const handler = httpHandler(
  indexOperations,
  "createIndex",
  container,
  async ({ body, headers }, deps) => {
    await createIndex(deps, body, keyedWrite(headers["idempotency-key"], "create", body));
    return {
      body: await describeWritten(deps, body.name),
      headers: { location: `/indexes/${body.name}` },
    };
  },
);
