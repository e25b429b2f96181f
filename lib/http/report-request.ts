import { MetricUnit } from "@aws-lambda-powertools/metrics";
import type middy from "@middy/core";
import type { Context } from "aws-lambda";
import type { DomainError } from "../domain/errors.ts";
import { logger, metrics } from "../telemetry.ts";
import type { HttpEvent } from "./http-handler.ts";
import { errorOf, type HttpResponse, problemResponse } from "./problem.ts";

type Started = { started: number; correlationId: string };

/**
 * One log line a request, with its metrics in it; errors become problem+json; every response names its correlation id,
 * the caller's where that is fit to be logged.
 */
export function reportRequest(name: string): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  const begun = new WeakMap<object, Started>();
  const finish = (request: middy.Request<HttpEvent, HttpResponse>, error?: DomainError) => {
    const { started, correlationId } = begun.get(request) ?? {
      started: performance.now(),
      correlationId: "",
    };
    if (error) request.response = problemResponse(error, correlationId);
    const { response } = request;
    if (!response) return;
    response.headers = { ...response.headers, ...constantHeaders, "x-correlation-id": correlationId };
    report(name, response.statusCode, performance.now() - started, correlationId, error);
  };
  return {
    before: (request) => {
      begun.set(request, {
        started: performance.now(),
        correlationId: correlationIdOf(request.event, request.context),
      });
    },
    after: (request) => finish(request),
    onError: (request) => finish(request, errorOf(request.error)),
  };
}

const constantHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

function correlationIdOf({ headers }: HttpEvent, { awsRequestId }: Context): string {
  const given = Object.entries(headers ?? {}).find(
    ([name]) => name.toLowerCase() === "x-correlation-id",
  )?.[1];
  if (given && /^[\w.:-]{1,128}$/.test(given)) return given;
  return awsRequestId;
}

function report(
  operation: string,
  status: number,
  ms: number,
  correlationId: string,
  error: DomainError | undefined,
) {
  metrics.addDimension("operation", operation);
  metrics.addMetric("requests", MetricUnit.Count, 1);
  metrics.addMetric("duration", MetricUnit.Milliseconds, ms);
  if (status >= 500) metrics.addMetric("faults", MetricUnit.Count, 1);
  const { service: _, ...emf } = metrics.serializeMetrics(); // the logger writes that dimension itself
  const line = {
    ...emf,
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
