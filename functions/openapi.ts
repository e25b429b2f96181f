import { container } from "../lib/container.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { openApiDocument } from "../lib/http/openapi.ts";
import { serviceOperations } from "../lib/http/operations/service.ts";

export const handler = httpHandler(serviceOperations, "openapi", container, async () => ({
  body: openApiDocument(),
}));
