import { MetricUnit } from "@aws-lambda-powertools/metrics";
import type { ReportFallback } from "./domain/fallback-counts.ts";
import { logger, metricsOfNoRequest } from "./telemetry.ts";

/** A log line with its metric in it, which counts those that no line before has told of. */
export const reportFallback: ReportFallback = ({ fastPath, reason, count }, fresh) => {
  const metrics = metricsOfNoRequest();
  metrics.addDimension("fast_path", fastPath);
  metrics.addDimension("reason", reason);
  metrics.addMetric("fallbacks", MetricUnit.Count, fresh);
  const { service: _, ...emf } = metrics.serializeMetrics(); // the logger writes that dimension itself
  logger.warn("fallback", { ...emf, count });
};
