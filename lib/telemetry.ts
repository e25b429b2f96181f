import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import type { Tracer } from "@aws-lambda-powertools/tracer";
import { loggedError } from "./logged-error.ts";

const serviceName = "serverless-lance";

/** The structured log: one JSON line a request or task. Whatever is an error in it is written without values. */
export const logger = new Logger({
  serviceName,
  jsonReplacerFn: (_, value) => (value instanceof Error ? loggedError(value) : value),
});

/** CloudWatch metrics, written into that same line in the Embedded Metric Format. */
export const metrics = new Metrics({ namespace: "ServerlessLance", serviceName });

/** The same, of what belongs to no request. */
export const metricsOfNoRequest = () => new Metrics({ namespace: "ServerlessLance", serviceName });

let tracing: Promise<Tracer> | undefined;

/**
 * The tracer, when X-Ray samples this invocation. Its import takes 60 ms, twice that of the log and the metrics
 * together, so only the first sampled invocation of a container pays it.
 */
export async function tracer(): Promise<Tracer | undefined> {
  if (!/(^|;)Sampled=1(;|$)/.test(process.env["_X_AMZN_TRACE_ID"] ?? "")) return undefined;
  tracing ??= import("@aws-lambda-powertools/tracer").then(({ Tracer }) => new Tracer({ serviceName }));
  return tracing;
}
