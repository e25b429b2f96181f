import { StateMachine } from "aws-local-stepfunctions";
import { limits } from "../../config/limits.ts";
import type { ExecutionRecord } from "./execution-records.ts";
import type { Machine, State } from "./machines.ts";
import type { TaskCalls } from "./task-calls.ts";

/**
 * Runs an execution to its end.
 * @param machine it is of, where there is one
 * @param signal ends it
 * @returns how it ended, for its record; nothing of one that was ended
 */
export async function interpret(
  machine: Machine | undefined,
  record: ExecutionRecord,
  tasks: TaskCalls,
  signal: AbortSignal,
): Promise<Partial<ExecutionRecord>> {
  if (!machine) return { status: "failed", error: "Internal", cause: `no state machine "${record.machine}"` };
  try {
    // biome-ignore lint/suspicious/noExplicitAny: the library's type of a definition is narrower than the ASL it takes
    const interpreter = new StateMachine(interpretedMachine(machine, record) as any, {
      validationOptions: { checkArn: false },
    });
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const run = interpreter.run(record.input as any, {
      overrides: { taskResourceLocalHandlers: tasks.handlersFor(machine) },
      context: { Execution: { Id: record.name, Name: record.name, StartTime: record.startedAt } },
    });
    signal.addEventListener("abort", () => run.abort());
    await run.result;
    return signal.aborted ? {} : { status: "succeeded" };
  } catch (error) {
    return { status: "failed", ...failureOf(error) };
  }
}

/** Lambda ends its tasks after 15 minutes; here an index build may take its time. Without a figure it would be 60 s. */
const longestTaskSeconds = 7 * 24 * 3_600;

/**
 * A machine as this process interprets it. An execution whose processes died again and again is probably why: it is
 * discarded instead of run once more.
 */
function interpretedMachine(machine: Machine, { takeovers }: { takeovers: number }): Machine {
  const untimed = JSON.stringify(machine, (key, value) =>
    key === "TimeoutSeconds" ? longestTaskSeconds : value,
  );
  const definition = JSON.parse(untimed) as Machine;
  if (takeovers <= limits.maxTakeovers) return definition;
  const error = { Error: "JobInterrupted", Cause: `the process that ran the job died ${takeovers} times` };
  const giveUp = { Type: "Pass", Parameters: { "input.$": "$", error }, Next: "Discard" };
  return { StartAt: "GiveUp", States: { GiveUp: giveUp, ...statesFrom("Discard", definition) } };
}

/** A state and those that may follow it: a machine may have no others. */
function statesFrom(start: string, { States }: Machine, found: Record<string, State> = {}) {
  const state = States[start];
  if (!state || found[start]) return found;
  found[start] = state;
  const next = [...JSON.stringify(state).matchAll(/"(?:Next|Default)":"(\w+)"/g)].map(([, name]) => name);
  for (const name of next) statesFrom(name as string, { StartAt: start, States }, found);
  return found;
}

function failureOf(error: unknown): { error: string; cause: string } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return { error: "Internal", cause: "the execution failed" };
  return { error: cause.name, cause: cause.message };
}
