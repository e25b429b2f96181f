import { container } from "../lib/container.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { openApiDocument } from "../lib/http/openapi.ts";

export const handler = httpHandler("openapi", container, async () => ({ body: openApiDocument() }));
