import middy from "@middy/core";
import httpHeaderNormalizer from "@middy/http-header-normalizer";
import httpJsonBodyParser from "@middy/http-json-body-parser";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import type { z } from "zod";
import type { Environment } from "../config/environment.ts";
import { bodyLimit } from "./body-limit.ts";
import { deadlineOf, withDeadline } from "./deadline.ts";
import type { Operation, Operations } from "./operations/operation.ts";
import { parseRequest } from "./parse-request.ts";
import type { HttpResponse } from "./problem.ts";
import { reportRequest } from "./report-request.ts";
import { traceRequest } from "./trace-request.ts";

type Output<O, K extends keyof O> = O[K] extends z.ZodType ? z.output<O[K]> : undefined;

/** A request as its operation's schemas have parsed it. */
export interface HttpRequest<O extends Operation> {
  path: Output<O, "path">;
  query: Output<O, "query">;
  headers: O extends { headers: z.ZodType } ? z.output<O["headers"]> : undefined;
  body: O extends { body: z.ZodType } ? z.output<O["body"]> : undefined;
  /** What is left of the request's time. */
  timeoutMs(): number;
}

/** What a use case answers; the stack makes the HTTP response of it. */
export interface Answer {
  /** Without it, the operation's. */
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export type HttpEvent = APIGatewayProxyEventV2;

/**
 * The stack around every route, outermost first: report (log line, metrics, problem+json), trace, header names, body size,
 * JSON, schemas, deadline.
 * @param group of operations, of which `name` is one
 * @param container what the answer needs, built at the first request at the latest
 */
export function httpHandler<
  O extends Operations,
  N extends keyof O & string,
  C extends { environment: Environment },
>(
  group: O,
  name: N,
  container: () => C,
  answer: (request: HttpRequest<O[N]>, container: C) => Promise<Answer>,
) {
  const operation: Operation = group[name] as Operation;
  const stack = middy<HttpEvent, HttpResponse, Error, Context>()
    .use(reportRequest(name))
    .use(traceRequest(name))
    .use(httpHeaderNormalizer())
    .use(bodyLimit(operation.maxBodyBytes));
  if (operation.body) stack.use(httpJsonBodyParser());
  return stack.handler(async (event, context) => {
    const built = container();
    const timeoutMs = deadlineOf(context, built.environment.REQUEST_TIMEOUT_MS);
    const parsed = parseRequest(operation, event);
    const request = { ...parsed, timeoutMs } as HttpRequest<O[N]>;
    const {
      body,
      headers,
      status = operation.status,
    } = await withDeadline(timeoutMs(), answer(request, built));
    return response(status, body, headers);
  });
}

function response(statusCode: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
  if (body === undefined) return { statusCode, headers, body: "" };
  return {
    statusCode,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}
