import type { Context } from "aws-lambda";
import type { HttpEvent } from "./http-handler.ts";

type Handler<R> = (event: HttpEvent, context: Context) => Promise<R>;

/** Answers preflights where they have a route (deploy/preflight.cjs); API Gateway writes their headers. */
export function answeringPreflights<R>(others: Handler<R>) {
  return async (event: HttpEvent, context: Context) =>
    event.routeKey === "OPTIONS /{proxy+}" ? { statusCode: 204 } : others(event, context);
}
