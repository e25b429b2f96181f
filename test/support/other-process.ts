import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const usualTimeoutMs = 40_000;

/**
 * Runs one of the commands of lakehouse-process.ts in a process of its own, on the same data.
 * @param environment of its lakehouse; with PROCESS_TIMEOUT_MS it may take longer than most do
 * @returns what it sent, in order; a command that waits is killed by `kill`
 */
export function otherProcess(environment: Record<string, string>, command: string, ...args: string[]) {
  const script = join(import.meta.dirname, "lakehouse-process.ts");
  const child = fork(script, [command, ...args], {
    execArgv: [],
    env: { ...process.env, ...environment },
    timeout: Number(environment["PROCESS_TIMEOUT_MS"] ?? usualTimeoutMs),
    killSignal: "SIGKILL",
  });
  const messages: unknown[] = [];
  child.on("message", (message) => messages.push(message));
  const exited = once(child, "exit");
  return {
    messages,
    /** Its exit code, or the signal that ended it. */
    exited: exited.then(([code, signal]) => code ?? signal),
    next: async () => {
      if (messages.length === 0) await Promise.race([once(child, "message"), exited]);
      return messages.shift();
    },
    tell: (message: string) => child.send(message),
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
