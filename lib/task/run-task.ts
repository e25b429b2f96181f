import { z } from "zod";
import type { Spent } from "../domain/cost/spending.ts";
import type { ErrorKind } from "../domain/error-table.ts";
import { asDomainError, DomainError } from "../domain/errors.ts";
import { discardIfEnded } from "../domain/jobs/discard-generation.ts";
import { isSameInput, type JobInput, jobInput, type PhaseName } from "../domain/jobs/job.ts";
import { indexName, jobId } from "../domain/names.ts";
import { hasPublished } from "../domain/publish/publish-generation.ts";
import { keepingUnknown } from "../domain/stored/unknown-fields.ts";
import type { TaskContext } from "../domain/task-context.ts";
import { validate } from "../domain/validate.ts";
import { discard } from "./discard.ts";
import { EndWatch } from "./end-watch.ts";
import { keptResult, type Task, type TaskCall, type TaskDependencies } from "./task-call.ts";
import { tasks } from "./tasks.ts";

/** About when a function that runs tasks has been initialised. */
const readyMs = performance.now();

const taskEvent = z.looseObject({ jobId, input: z.unknown() });

export type TaskName = keyof typeof tasks | "discard";

/** One line about a task that ended; never a row, a vector or a secret. */
export type LogTask = (line: {
  task: string;
  jobId: string;
  ms: number;
  /** That it works for, as far as it is known. */
  index?: string | undefined;
  spent: Spent;
  error?: DomainError | undefined;
}) => void;

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
  const begun = deps.spending.begin(readyMs);
  const watch = new EndWatch(deps.ledger, id);
  const watched = { ...context, signal: AbortSignal.any([context.signal, watch.signal]) };
  const index = indexName.safeParse((input as { index?: unknown } | undefined)?.index).data;
  const done = (error?: DomainError) => {
    const spent = deps.spending.end(begun);
    log({ task: name, jobId: id, ms: performance.now() - started, index, spent, error });
  };
  try {
    const result =
      name === "discard"
        ? await discard(deps, id, { ...payload, input })
        : await runPhase(name, {
            deps,
            jobId: id,
            input: await inputOf(deps, id, input),
            payload,
            context: watched,
          });
    done();
    return result;
  } catch (thrown) {
    const error = asDomainError(thrown);
    done(error);
    await recordFailure(deps, id, name, error).catch(() => undefined);
    throw error;
  } finally {
    watch.stop();
    if (name !== "discard") await discardIfEnded(deps, id).catch(() => undefined);
  }
}

async function runPhase(name: string, call: TaskCall): Promise<unknown> {
  const task: Task | undefined = Object.hasOwn(tasks, name) ? tasks[name as keyof typeof tasks] : undefined;
  if (!task) throw new DomainError("Internal", `there is no task "${name}"`);
  await task.begin?.(call);
  const keptAs = await task.keptAs?.(call);
  const kept = keptAs && (await keptResult(call, keptAs));
  if (kept !== undefined) return kept;
  const result = task.phase ? await withProgress(task.phase, call, task) : await task.run(call);
  if (keptAs && (task.isFinal?.(result) ?? true))
    await call.deps.ledger.write(call.jobId, `results/${keptAs}`, result);
  return result;
}

async function withProgress(phase: PhaseName, call: TaskCall, task: Task): Promise<unknown> {
  const { ledger, clock } = call.deps;
  const started = clock.now();
  const write = (state: "running" | "done") =>
    ledger.progress(call.jobId, phase, 0, {
      state,
      startedAt: new Date(started).toISOString(),
      ms: clock.now() - started,
    });
  await write("running");
  const result = await task.run(call);
  await write("done");
  return result;
}

/**
 * A request is strict. A field that it does not know is taken only as it stands in the job's record, which a later
 * release has written: an execution that is started by hand has none.
 * @throws BadRequest
 */
async function inputOf({ ledger }: TaskDependencies, id: string, input: unknown): Promise<JobInput> {
  const asked = jobInput.safeParse(input);
  if (asked.success) return asked.data;
  const stored = keepingUnknown(jobInput).safeParse(input).data;
  const record = stored && (await ledger.record(id));
  if (record && isSameInput(record.input, stored)) return record.input;
  return validate(jobInput, input, "input");
}

/** A job that was ended by somebody else keeps the reason it was ended for; one that was published has not failed. */
async function recordFailure(
  deps: TaskDependencies,
  id: string,
  phase: string,
  error: DomainError,
): Promise<void> {
  if (isOfAnother.has(error.kind) || endsNoJob.includes(phase)) return;
  if (await hasPublished(deps, id)) return;
  const { code, message, shownIssues: issues } = error;
  await deps.ledger.recordFailure(id, { code, message, phase, ...(issues.length > 0 ? { issues } : {}) });
  if (await hasPublished(deps, id)) await deps.ledger.forgetFailure(id); // meanwhile, by another attempt
}

/** What says nothing of the job: it was ended elsewhere, is another one, or waits for a newer release. */
const isOfAnother: ReadonlySet<ErrorKind> = new Set([
  "JobCancelled",
  "IdempotencyMismatch",
  "NeedsNewerRelease",
]);

const endsNoJob = ["discard", "retire"];
