import type { HttpEvent } from "./http-handler.ts";

/**
 * Aborted when the client of a request goes away, where whoever calls the handler sees that: a process that serves HTTP
 * itself hands it over as its authorizer's context. No event of Lambda holds such an object, it comes as JSON.
 */
export function clientSignal(event: HttpEvent): AbortSignal | undefined {
  const { authorizer } = (event.requestContext ?? {}) as { authorizer?: { lambda?: { signal?: unknown } } };
  const given = authorizer?.lambda?.signal;
  return given instanceof AbortSignal ? given : undefined;
}
