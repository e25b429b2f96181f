import type { Context } from "aws-lambda";
import type { HttpEvent } from "../lib/http/http-handler.ts";

/** What API Gateway hands over for `POST /indexes/{index}/search`. */
export const searchEvent = (index: string, body: unknown) => eventOf(index, "search", body);

/** The same for `POST /indexes/{index}/warm`. */
export const warmEvent = (index: string) => eventOf(index, "warm");

function eventOf(index: string, route: string, body?: unknown): HttpEvent {
  const path = `/indexes/${index}/${route}`;
  const http = { method: "POST", path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "bench" };
  return {
    version: "2.0",
    routeKey: `POST /indexes/{index}/${route}`,
    rawPath: path,
    rawQueryString: "",
    headers: { "content-type": "application/json", accept: "application/json" },
    pathParameters: { index },
    requestContext: { http, requestId: "bench", stage: "$default" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    isBase64Encoded: false,
  } as unknown as HttpEvent;
}

/** The body of the search that every comparison makes. */
export const searchBody = (vector: Float32Array, more: object = {}) => ({
  vector: [...vector],
  k: 10,
  select: ["doc_id", "chunk_text"],
  ...more,
});

/** Built before anything is timed: writing the request is the client's cost. */
export function searchEvents(index: string, vectors: Float32Array[], more: object = {}): HttpEvent[] {
  return vectors.map((vector) => searchEvent(index, searchBody(vector, more)));
}

export const lambdaContext = {
  awsRequestId: "bench",
  functionName: "search",
  getRemainingTimeInMillis: () => 30_000,
} as Context;
