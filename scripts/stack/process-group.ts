import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { identityOf, isRunning, type ProcessIdentity } from "./process-identity.ts";
import { waitUntil } from "./wait-until.ts";

const politeStopTimeoutMs = 5_000; // LocalStack with functions would take more than 10 s, and has nothing to keep
const forcedStopTimeoutMs = 5_000;

export interface Command {
  command: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
  cwd: string;
  /** Its output is appended here. */
  log: string;
}

/** Starts a process that outlives this one, as the leader of a group of its own. */
export async function startGroup({
  command,
  args,
  environment,
  cwd,
  log,
}: Command): Promise<ProcessIdentity> {
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, "a");
  try {
    const child = spawn(command, args, {
      cwd,
      env: environment,
      detached: true,
      stdio: ["ignore", output, output],
    });
    await once(child, "spawn");
    child.unref();
    const identity = identityOf(child.pid as number);
    if (!identity) throw new Error(`${command} ended at once; its output is in ${log}`);
    return identity;
  } finally {
    closeSync(output);
  }
}

/** Ends the group of a process, by force after a while. A process that merely has its pid is left alone. */
export async function endGroup(leader: ProcessIdentity | undefined): Promise<void> {
  if (!leader) return;
  if (await ended(leader, "SIGTERM", politeStopTimeoutMs)) return;
  if (await ended(leader, "SIGKILL", forcedStopTimeoutMs)) return;
  throw new Error(`process ${leader.pid} does not end`);
}

async function ended(leader: ProcessIdentity, signal: "SIGTERM" | "SIGKILL", timeoutMs: number) {
  if (!isRunning(leader)) return true;
  signalGroup(leader, signal);
  signalGroup(leader, "SIGCONT"); // a paused process would not see the signal
  const over = await waitUntil(() => !isRunning(leader) || undefined, timeoutMs);
  return over === true;
}

/** @returns false when the process is gone, or its pid is another's by now */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(leader)) return false;
  try {
    return process.kill(-leader.pid, signal);
  } catch {
    return false;
  }
}
