import type middy from "@middy/core";
import { DomainError } from "../domain/errors.ts";
import type { HttpEvent } from "./http-handler.ts";
import { type JsonBounds, refuseUnboundedJson } from "./json-bounds.ts";
import type { HttpResponse } from "./problem.ts";

/**
 * Refuses a body by its size and its nesting before anything parses it.
 * @param maxBytes 0 for a route that takes no body
 * @param bounds of fields and values
 */
export function bodyLimit(
  maxBytes: number,
  bounds?: JsonBounds,
): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  return {
    before: ({ event }) => {
      const bytes = event.body ? Buffer.byteLength(event.body, event.isBase64Encoded ? "base64" : "utf8") : 0;
      if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
      if (!event.body) return;
      if (event.isBase64Encoded) event.body = Buffer.from(event.body, "base64").toString();
      event.isBase64Encoded = false;
      refuseUnboundedJson(event.body, bounds);
    },
  };
}

function tooLarge(bytes: number, maxBytes: number): DomainError {
  const allowed = maxBytes > 0 ? `at most ${maxBytes}` : "and this route takes none";
  return new DomainError("BodyTooLarge", `the body has ${bytes} bytes, ${allowed}`);
}
