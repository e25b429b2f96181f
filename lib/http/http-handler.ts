import middy from "@middy/core";
import httpHeaderNormalizer from "@middy/http-header-normalizer";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import type { z } from "zod";
import type { AccessMode } from "../config/access-mode.ts";
import type { Environment } from "../config/environment.ts";
import { limits } from "../config/limits.ts";
import type { KnownKeys } from "../domain/access/known-keys.ts";
import type { Principal } from "../domain/access/principal.ts";
import type { Tokens } from "../domain/access/tokens.ts";
import { answerBytes } from "../domain/answer-size.ts";
import type { Spending } from "../domain/cost/spending.ts";
import { DomainError } from "../domain/errors.ts";
import type { WarmIndexes } from "../domain/search/reader.ts";
import { audit } from "./audit.ts";
import { bodyLimit } from "./body-limit.ts";
import { authenticate, authorize, callerOf, ownIdempotencyKey } from "./caller.ts";
import { clientSignal } from "./client-signal.ts";
import { deadlineOf, withDeadline } from "./deadline.ts";
import { tellCost } from "./explained-cost.ts";
import { inPart } from "./in-part.ts";
import { jsonBody } from "./json-body.ts";
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
  /** Aborted when that is over, or when the client has gone away. */
  signal: AbortSignal;
}

/** What a use case answers; the stack makes the HTTP response of it. */
export interface Answer {
  /** Without it, the operation's. */
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What the stack itself asks of a container. */
interface Served<C> {
  environment: Environment;
  access: AccessMode;
  /** Undefined where access is open. */
  keys: KnownKeys | undefined;
  tokens: Tokens | undefined;
  indexes: WarmIndexes;
  spending: Spending;
  /** The same as a principal sees it. */
  scopedTo(principal: Principal): C;
}

export type HttpEvent = APIGatewayProxyEventV2;

/**
 * The stack around every route, outermost first: audit, report (log line, metrics, problem+json), trace, header names, who
 * asks, body size, JSON, schemas, what is granted, deadline.
 * @param group of operations, of which `name` is one
 * @param container what the answer needs, built at the first request at the latest
 */
export function httpHandler<O extends Operations, N extends keyof O & string, C extends Served<C>>(
  group: O,
  name: N,
  container: () => C,
  answer: (request: HttpRequest<O[N]>, container: C) => Promise<Answer>,
) {
  const operation: Operation = group[name] as Operation;
  const stack = middy<HttpEvent, HttpResponse, Error, Context>()
    .use(audit(name, operation))
    .use(reportRequest(name, container))
    .use(traceRequest(name))
    .use(httpHeaderNormalizer())
    .use(authenticate(operation.needs, container))
    .use(bodyLimit(operation.maxBodyBytes, operation.jsonBounds, operation.streamOf));
  if (operation.body) stack.use(jsonBody(operation.linesOf));
  return stack.handler(async (event, context) => {
    const whole = container();
    const timeoutMs = deadlineOf(context, whole.environment.REQUEST_TIMEOUT_MS);
    const parsed = parseRequest(operation, event);
    const caller = callerOf(event);
    authorize(operation, caller, parsed);
    if (caller || whole.access === "open") tellCost(event, caller?.principal);
    const headers = ownIdempotencyKey(parsed.headers, caller);
    const own = caller ? whole.scopedTo(caller.principal) : whole;
    const answered = await withDeadline(timeoutMs(), clientSignal(event), (signal) =>
      answer({ ...parsed, headers, timeoutMs, signal } as HttpRequest<O[N]>, own),
    ).catch((error) => {
      throw inPart(operation.body ? "body" : "query", error);
    });
    return response(answered.status ?? operation.status, answered.body, answered.headers);
  });
}

function response(statusCode: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
  if (body === undefined) return { statusCode, headers, body: "" };
  const text = JSON.stringify(body);
  refuseTooLarge(text);
  return { statusCode, headers: { "content-type": "application/json", ...headers }, body: text };
}

/** The last look: what an answer holds that may be large is bounded where it is made. @throws AnswerTooLarge */
function refuseTooLarge(text: string): void {
  const bytes = answerBytes(text);
  if (bytes > limits.maxAnswerBytes)
    throw new DomainError(
      "AnswerTooLarge",
      `the answer has ${bytes} bytes, at most ${limits.maxAnswerBytes}`,
    );
}
