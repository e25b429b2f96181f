import { codeOf, type ErrorKind, errorTable } from "../domain/error-table.ts";
import { asDomainError } from "../domain/errors.ts";
import { discardGeneration, dropDraft } from "../domain/jobs/discard-generation.ts";
import { isSameInput, jobInput } from "../domain/jobs/job.ts";
import type { JobFailure } from "../domain/jobs/job-documents.ts";
import { refuseNewer } from "../domain/jobs/refuse-newer.ts";
import { hasPublished } from "../domain/publish/publish-generation.ts";
import { keepingUnknown } from "../domain/stored/unknown-fields.ts";
import { concludeExport } from "./export-tasks.ts";
import { concludePublication } from "./publish-tasks.ts";
import type { TaskDependencies } from "./task-call.ts";

/**
 * The last task of a job that failed: no task writes any more, what it built goes, its claim is given back. Its input
 * may be the very thing that was wrong: then there is no job of it, or one of another execution with the same name,
 * which is left alone. One that failed after it had published has succeeded.
 * @returns what the Fail state shows, or that it was published
 * @throws NeedsNewerRelease before anything is changed
 */
export async function discard(deps: TaskDependencies, jobId: string, payload: Record<string, unknown>) {
  const record = await deps.ledger.record(jobId);
  if (!record || !isSameInput(record.input, keepingUnknown(jobInput).safeParse(payload["input"]).data))
    return unpublished(fromState(payload["error"]));
  const { index } = record.input;
  await refuseNewer(deps, jobId);
  await withRoom(
    () => deps.ledger.end(jobId, "failed"),
    () => dropDraft(deps, jobId, index),
  );
  if (await concludeExport(deps, jobId))
    return { ...unpublished({ error: "", cause: "" }), isPublished: true };
  await discardGeneration(deps, jobId, index);
  if (await hasPublished(deps, jobId)) return publishedAfterAll(deps, jobId, index);
  const told = await deps.ledger.failure(jobId);
  const failure = told && isOf(payload["error"], told) ? told : failureFrom(payload["error"]);
  await deps.ledger.recordFailure(jobId, failure);
  return unpublished({ error: failure.code, cause: failure.message });
}

/** Where there is no room for a document, that is made first. */
async function withRoom(write: () => Promise<unknown>, makeRoom: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (asDomainError(error).kind !== "StoreFull") throw error;
    await makeRoom();
    await write();
  }
}

const unpublished = (failure: { error: string; cause: string }) => ({
  isPublished: false,
  replaced: false,
  graceSeconds: 0,
  ...failure,
});

async function publishedAfterAll(deps: TaskDependencies, jobId: string, index: string) {
  const concluded = await concludePublication(deps, jobId, index);
  const startedAt = new Date(deps.clock.now()).toISOString();
  await deps.ledger.progress(jobId, "publish", 0, { state: "done", startedAt, ms: 0 });
  return { isPublished: true, error: "", cause: "", ...concluded };
}

/** Whether a task wrote that failure as it ended the job, and not one that was repeated with success. */
function isOf(error: unknown, { code }: JobFailure): boolean {
  const { Error: name = "" } = (error ?? {}) as { Error?: string };
  if (Object.hasOwn(errorTable, name)) return errorTable[name as ErrorKind].code === code;
  return !/^(Sandbox|Runtime)\.|^(Lambda\.Unknown|States\.Timeout)$/.test(name); // ended without a word
}

/** What Step Functions says of the task that failed: its error's name and, in the cause, the message. */
function fromState(error: unknown): { error: string; cause: string } {
  const { Error: name = "Internal", Cause: cause = "" } = (error ?? {}) as { Error?: string; Cause?: string };
  return { error: codeOf(name) ?? "internal", cause: messageIn(cause) };
}

/** The cause is what the function threw, as JSON, or the bare message in the embedded interpreter. */
function messageIn(cause: string): string {
  try {
    return String((JSON.parse(cause) as { errorMessage?: unknown }).errorMessage ?? cause);
  } catch {
    return cause;
  }
}

/** Of a task that could not say itself why it ended: a timeout, or a process out of memory. */
function failureFrom(error: unknown): JobFailure {
  const { Error: name = "States.TaskFailed", Cause: cause } = (error ?? {}) as {
    Error?: string;
    Cause?: unknown;
  };
  if (timedOut.has(name)) return { code: "task-timed-out", message: errorTable.TaskTimedOut.title };
  if (name === "JobInterrupted") return { code: "job-interrupted", message: String(cause) };
  if (Object.hasOwn(errorTable, name))
    return { code: fromState(error).error, message: fromState(error).cause };
  return { code: "internal", message: `a task of the job ended without an answer (${name})` };
}

const timedOut = new Set(["Sandbox.Timedout", "States.Timeout"]);
