import type middy from "@middy/core";
import { DomainError } from "../domain/errors.ts";
import type { HttpEvent } from "./http-handler.ts";
import { type JsonBounds, refuseUnboundedJson } from "./json-bounds.ts";
import type { HttpResponse } from "./problem.ts";
import { isStream } from "./stream-type.ts";

/**
 * Refuses a body that is compressed, and by its size and its nesting, before anything parses it.
 * @param maxBytes 0 for a route that takes no body
 * @param bounds of fields and values
 * @param streamOf as of an operation
 */
export function bodyLimit(
  maxBytes: number,
  bounds?: JsonBounds,
  streamOf?: string,
): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  return {
    before: ({ event }) => {
      if (event.body) refuseEncoded(event.headers?.["content-encoding"]);
      // as text bytes would not arrive as they were: a gateway that says nothing of it has encoded them all the same
      const isOfBytes = streamOf !== undefined && isStream(event.headers?.["content-type"]);
      const encoding = isOfBytes || event.isBase64Encoded ? "base64" : "utf8";
      const bytes = event.body ? Buffer.byteLength(event.body, encoding) : 0;
      if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
      if (isOfBytes) Object.assign(event, { body: { [streamOf]: bytesOf(event.body) } });
      if (isOfBytes || !event.body) return;
      if (event.isBase64Encoded) event.body = Buffer.from(event.body, "base64").toString();
      event.isBase64Encoded = false;
      refuseUnboundedJson(event.body, bounds);
    },
  };
}

/** Nothing is unpacked here: what a body becomes would be known only then. @throws UnsupportedMediaType */
function refuseEncoded(encoding = "identity"): void {
  if (encoding.trim().toLowerCase() === "identity") return;
  throw new DomainError("UnsupportedMediaType", "send the body as it is, without a content-encoding");
}

/** In memory of their own, where 8 bytes lie as Arrow wants them. */
const bytesOf = (base64 = "") => new Uint8Array(Buffer.from(base64, "base64"));

function tooLarge(bytes: number, maxBytes: number): DomainError {
  const allowed = maxBytes > 0 ? `at most ${maxBytes}` : "and this route takes none";
  return new DomainError("BodyTooLarge", `the body has ${bytes} bytes, ${allowed}`);
}
