import { versions } from "../lib/config/versions.ts";
import { container } from "../lib/container.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { serviceOperations } from "../lib/http/operations/service.ts";

export const handler = httpHandler(
  serviceOperations,
  "health",
  container,
  async (_, { fallbacks, keys }) => ({
    body: {
      status: "ok",
      versions,
      uptimeSeconds: Math.round(process.uptime()),
      fallbacks: keys ? [] : fallbacks.seen(), // of what others ask
    },
  }),
);
