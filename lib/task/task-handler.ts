import type { Context } from "aws-lambda";
import { logTask } from "./log-task.ts";
import { runTask, type TaskName } from "./run-task.ts";
import type { TaskDependencies } from "./tasks.ts";

/** A task as a Lambda function, with the function's own deadline. */
export function taskHandler(name: TaskName, container: () => TaskDependencies) {
  return async (event: unknown, context: Context): Promise<unknown> => {
    const signal = AbortSignal.timeout(Math.max(1, context.getRemainingTimeInMillis() - 1_000));
    const task = { signal, remainingMs: () => context.getRemainingTimeInMillis() };
    return runTask(name, event, task, container(), logTask);
  };
}
