import { logger } from "../telemetry.ts";
import type { LogTask } from "./run-task.ts";

/** The log line of a task. */
export const logTask: LogTask = ({ task, jobId, ms, error }) => {
  const line = { task, job_id: jobId, duration_ms: Math.round(ms) };
  if (!error) logger.info("task", line);
  else if (error.status < 500) logger.warn("task", { ...line, code: error.code, detail: error.message });
  else logger.error("task", { ...line, code: error.code, error });
};
