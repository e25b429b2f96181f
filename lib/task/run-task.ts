import { z } from "zod";
import { asDomainError, DomainError } from "../domain/errors.ts";
import { jobInput } from "../domain/job.ts";
import { jobId } from "../domain/names.ts";
import type { TaskContext } from "../domain/ports.ts";
import { validate } from "../domain/validate.ts";
import { discard, type TaskCall, type TaskDependencies, tasks } from "./tasks.ts";

const taskEvent = z.looseObject({ jobId, input: z.unknown() });

export type TaskName = keyof typeof tasks | "discard";

/** One line about a task that ended; never a row, a vector or a secret. */
export type LogTask = (line: { task: string; jobId: string; ms: number; error?: DomainError }) => void;

/**
 * Runs one task of a state machine. Its error is thrown with the kind as its name, which `Retry` and `Catch` match, and
 * written to the job, since a state machine keeps only the name and a text.
 */
export async function runTask(
  name: string,
  event: unknown,
  context: TaskContext,
  deps: TaskDependencies,
  log: LogTask,
): Promise<unknown> {
  const { jobId: id, input, ...payload } = validate(taskEvent, event, "event");
  const started = performance.now();
  const done = (error?: DomainError) =>
    log({ task: name, jobId: id, ms: performance.now() - started, error });
  try {
    const result =
      name === "discard"
        ? await discard(deps, id, { ...payload, input })
        : await runPhase(name, {
            deps,
            jobId: id,
            input: validate(jobInput, input, "input"),
            payload,
            context,
          });
    done();
    return result;
  } catch (thrown) {
    const error = asDomainError(thrown);
    done(error);
    await recordFailure(deps, id, name, error);
    throw error;
  }
}

async function runPhase(name: string, call: TaskCall): Promise<unknown> {
  const task = Object.hasOwn(tasks, name) ? tasks[name as keyof typeof tasks] : undefined;
  if (!task) throw new DomainError("Internal", `there is no task "${name}"`);
  if (!("phase" in task)) return task.run(call);
  const { deps, jobId: id } = call;
  const started = deps.clock.now();
  const progress = (state: "running" | "done") =>
    deps.ledger.progress(id, task.phase, 0, {
      state,
      startedAt: new Date(started).toISOString(),
      ms: deps.clock.now() - started,
    });
  await progress("running");
  const result = await task.run(call);
  await progress("done");
  return result;
}

/** A job that was ended by somebody else keeps the reason it was ended for. */
async function recordFailure(
  { ledger }: TaskDependencies,
  id: string,
  phase: string,
  error: DomainError,
): Promise<void> {
  if (error.kind === "JobCancelled" || phase === "discard") return;
  const { code, message, issues } = error;
  await ledger
    .recordFailure(id, { code, message, phase, ...(issues.length > 0 ? { issues } : {}) })
    .catch(() => undefined);
}
