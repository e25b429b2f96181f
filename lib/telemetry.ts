import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";

const serviceName = "serverless-lance";

/** The structured log: one JSON line a request or task. */
export const logger = new Logger({ serviceName });

/** CloudWatch metrics, written into that same line in the Embedded Metric Format. */
export const metrics = new Metrics({ namespace: "ServerlessLance", serviceName });
