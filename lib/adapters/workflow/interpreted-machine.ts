import { limits } from "../../config/limits.ts";
import type { Machine, State } from "./machines.ts";

/** Lambda ends its tasks after 15 minutes; here an index build may take its time. Without a figure it would be 60 s. */
const longestTaskSeconds = 7 * 24 * 3_600;

/**
 * A machine as this process interprets it. An execution whose processes died again and again is probably why: it is
 * discarded instead of run once more.
 */
export function interpretedMachine(machine: Machine, { takeovers }: { takeovers: number }): Machine {
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
