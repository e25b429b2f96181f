import type { Context } from "aws-lambda";
import { DomainError } from "../domain/errors.ts";
import type { TaskContext } from "../domain/task-context.ts";
import { logTask } from "./log-task.ts";
import { runTask, type TaskName } from "./run-task.ts";
import type { TaskDependencies } from "./task-call.ts";

/** A task that passes on what is left when its own limit comes before its function's. */
export function timeLimited(context: TaskContext, limitMs = Number.POSITIVE_INFINITY): TaskContext {
  const started = performance.now();
  const left = () => limitMs - (performance.now() - started);
  return { ...context, remainingMs: () => Math.min(context.remainingMs(), left()) };
}

/** A task as a Lambda function, with the function's own deadline. */
export function taskHandler(name: TaskName, container: () => TaskDependencies) {
  return async (event: unknown, context: Context): Promise<unknown> => {
    const deps = container();
    const deadline = new AbortController();
    const timeUp = () => deadline.abort(new DomainError("TaskTimedOut", `the task ${name} ran out of time`));
    const timer = setTimeout(timeUp, Math.max(1, context.getRemainingTimeInMillis() - 1_000));
    const own = { signal: deadline.signal, remainingMs: () => context.getRemainingTimeInMillis() };
    try {
      return await runTask(name, event, timeLimited(own, deps.taskTimeLimitMs), deps, logTask);
    } finally {
      clearTimeout(timer);
    }
  };
}
