import { costLine, logger } from "../telemetry.ts";
import type { LogTask } from "./run-task.ts";

/** The log line of a task. What is wrong with a source stands in its job: it names files, and ids of documents. */
export const logTask: LogTask = ({ task, jobId, ms, index, spent, error }) => {
  const { line: cost, metrics } = costLine(spent, index);
  const emf = metrics.length > 0 ? { _aws: { Timestamp: Date.now(), CloudWatchMetrics: metrics } } : {};
  const line = { ...emf, task, job_id: jobId, duration_ms: Math.round(ms), ...cost };
  if (!error) logger.info("task", line);
  else if (error.status < 500)
    logger.warn("task", { ...line, code: error.code, issues: error.issues.length + error.more });
  else logger.error("task", { ...line, code: error.code, error });
};
