import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { DomainError } from "../domain/errors.ts";
import type { HttpEvent } from "./http-handler.ts";
import type { HttpResponse } from "./problem.ts";
import { reportRequest } from "./report-request.ts";
import { traceRequest } from "./trace-request.ts";

/** Answers a request that no route takes with the routes there are. */
export function notFoundHandler(routes: string[]) {
  return middy<HttpEvent, HttpResponse, Error, Context>()
    .use(reportRequest("notFound"))
    .use(traceRequest("notFound"))
    .handler(async () => {
      throw new DomainError("RouteNotFound", `no such route; there are: ${routes.join(", ")}`);
    });
}
