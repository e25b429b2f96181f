import { MetricUnit } from "@aws-lambda-powertools/metrics";
import type middy from "@middy/core";
import type { Context } from "aws-lambda";
import type { Spending } from "../domain/cost/spending.ts";
import type { DomainError } from "../domain/errors.ts";
import { type CostLine, costLine, logger, metrics } from "../telemetry.ts";
import { callerOf } from "./caller.ts";
import { asksForCost, isToldCost, toldCost } from "./explained-cost.ts";
import type { HttpEvent } from "./http-handler.ts";
import { errorOf, type HttpResponse, problemResponse } from "./problem.ts";

interface Started {
  started: number;
  correlationId: string;
  /** Undefined where a container cannot be built. */
  spending?: Spending | undefined;
  begun?: ReturnType<Spending["begin"]> | undefined;
}

/**
 * One log line a request, with its cost and its metrics in it; errors become problem+json; every response names its
 * correlation id, the caller's where that is fit to be logged, and its cost where that may be told.
 */
export function reportRequest(
  name: string,
  container?: () => { spending: Spending },
): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  const readyMs = performance.now();
  const requests = new WeakMap<object, Started>();
  const finish = (request: middy.Request<HttpEvent, HttpResponse>, error?: DomainError) => {
    const { started, correlationId, spending, begun } = requests.get(request) ?? {
      started: performance.now(),
      correlationId: "",
    };
    if (error) request.response = problemResponse(error, correlationId);
    const { event, response } = request;
    const spent = begun && spending?.end(begun, true);
    if (!response) return;
    const told: Record<string, string> = isToldCost(event)
      ? { [toldCost]: JSON.stringify(spent?.explained) }
      : {};
    response.headers = {
      ...response.headers,
      ...constantHeaders,
      ...told,
      "x-correlation-id": correlationId,
    };
    const { statusCode: status } = response;
    const cost = spent && costLine(spent, status < 400 ? indexOf(event) : undefined);
    report({ operation: name, status, ms: performance.now() - started, correlationId, error, cost });
  };
  return {
    before: (request) => {
      const spending = spendingOf(container);
      requests.set(request, {
        started: performance.now(),
        correlationId: correlationIdOf(request.event, request.context),
        spending,
        begun: spending?.begin(readyMs, asksForCost(request.event)),
      });
    },
    after: (request) => finish(request),
    onError: (request) => finish(request, errorOf(request.error)),
  };
}

/** What is wrong with it, the request's own stack meets. */
function spendingOf(container: (() => { spending: Spending }) | undefined): Spending | undefined {
  try {
    return container?.().spending;
  } catch {
    return undefined;
  }
}
const constantHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

function correlationIdOf({ headers }: HttpEvent, { awsRequestId }: Context): string {
  const given = Object.entries(headers ?? {}).find(
    ([name]) => name.toLowerCase() === "x-correlation-id",
  )?.[1];
  if (given && /^[\w.:-]{1,128}$/.test(given)) return given;
  return awsRequestId;
}

/** One that there is: metrics by any name that is asked for would cost whatever somebody makes up. */
const indexOf = (event: HttpEvent) => callerOf(event)?.index ?? event.pathParameters?.["index"];

interface Reported {
  operation: string;
  status: number;
  ms: number;
  correlationId: string;
  error: DomainError | undefined;
  cost: CostLine | undefined;
}

function report({ operation, status, ms, correlationId, error, cost }: Reported) {
  metrics.addDimension("operation", operation);
  metrics.addMetric("requests", MetricUnit.Count, 1);
  metrics.addMetric("duration", MetricUnit.Milliseconds, ms);
  if (status >= 500) metrics.addMetric("faults", MetricUnit.Count, 1);
  const { service: _, ...emf } = metrics.serializeMetrics(); // the logger writes that dimension itself
  (emf._aws.CloudWatchMetrics as object[]).push(...(cost?.metrics ?? []));
  const line = {
    ...emf,
    ...cost?.line,
    operation,
    status,
    duration_ms: ms,
    correlation_id: correlationId,
  };
  metrics.clearMetrics();
  metrics.clearDimensions();
  if (!error) logger.info("request", line);
  else if (status < 500) logger.warn("request", { ...line, code: error.code });
  else logger.error("request", { ...line, code: error.code, error });
}
