import type middy from "@middy/core";
import { DomainError } from "../domain/errors.ts";
import type { HttpEvent } from "./http-handler.ts";
import type { HttpResponse } from "./problem.ts";

/** Refuses a body by its size before anything parses it; a route without a body takes none. */
export function bodyLimit(maxBytes: number): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  return {
    before: ({ event }) => {
      const bytes = event.body ? Buffer.byteLength(event.body, event.isBase64Encoded ? "base64" : "utf8") : 0;
      if (bytes > maxBytes && maxBytes > 0)
        throw new DomainError("BodyTooLarge", `the body has ${bytes} bytes, at most ${maxBytes}`);
    },
  };
}
