import { versions } from "../lib/config/versions.ts";
import { container } from "../lib/container.ts";
import { httpHandler } from "../lib/http/http-handler.ts";

export const handler = httpHandler("health", container, async () => ({
  body: { status: "ok", versions, uptimeSeconds: Math.round(process.uptime()) },
}));
