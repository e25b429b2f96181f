import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import type { Tracer } from "@aws-lambda-powertools/tracer";
import type { Spent } from "./domain/cost/spending.ts";
import { loggedError, plainText } from "./logged-error.ts";

const serviceName = "serverless-lance";
const Namespace = "ServerlessLance";

/** The structured log: one JSON line a request or task. Whatever is an error in it is written without values. */
export const logger = new Logger({
  serviceName,
  jsonReplacerFn: (_, value) => {
    if (value instanceof Error) return loggedError(value);
    return typeof value === "string" ? plainText(value) : value;
  },
});

/** CloudWatch metrics, written into that same line in the Embedded Metric Format. */
export const metrics = new Metrics({ namespace: Namespace, serviceName });

/** The same, of what belongs to no request. */
export const metricsOfNoRequest = () => new Metrics({ namespace: Namespace, serviceName });

/** What a line of the log says of a request's or task's cost, and the metrics that are made of it. */
export interface CostLine {
  line: Record<string, unknown>;
  metrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: "None" }[] }[];
}

/** @param index that it was of, one that there is: each has a metric of its own, which costs by the month */
export function costLine({ cost, metricsBy: by }: Spent, index: string | undefined): CostLine {
  const { dollars, billedMs: billed_ms, store, counted } = cost;
  const asked = Object.entries(store).filter(([, count]) => count > 0);
  const line = {
    ...{ dollars, billed_ms, index },
    ...(asked.length > 0 ? { store: Object.fromEntries(asked) } : {}),
    ...(counted === "all" ? {} : { counted }),
  };
  const Dimensions = [["service"], ...(by === "index" && index ? [["service", "index"]] : [])];
  return {
    line,
    metrics: by ? [{ Namespace, Dimensions, Metrics: [{ Name: "dollars", Unit: "None" }] }] : [],
  };
}

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
