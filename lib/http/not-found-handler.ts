import middy from "@middy/core";
import { DomainError } from "../domain/errors.ts";
import type { HttpEvent } from "./http-handler.ts";
import type { Operation } from "./operations/operation.ts";
import { operations } from "./operations.ts";
import type { HttpResponse } from "./problem.ts";
import { reportRequest } from "./report-request.ts";
import { traceRequest } from "./trace-request.ts";

const routes = (Object.values(operations) as Operation[]).map(
  ({ method, route }) => `${method.toUpperCase()} ${route}`,
);

/** Answers a request that no route takes with the routes there are. */
export function notFoundHandler() {
  return middy<HttpEvent, HttpResponse>()
    .use(reportRequest("notFound"))
    .use(traceRequest("notFound"))
    .handler(async () => {
      throw new DomainError("RouteNotFound", `no such route; there are: ${routes.join(", ")}`);
    });
}
