import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Command, endGroup, signalGroup } from "./process-group.ts";
import { identityOf } from "./process-identity.ts";

const tailLines = 20;
const maxLineLength = 300;

/** Runs a command to its end, all of its group within the deadline. @throws with the last lines of its log */
export async function runCommand({ command, args, environment, cwd, log }: Command, timeoutMs: number) {
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, "w");
  const child = spawn(command, args, {
    cwd,
    env: environment,
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const leader = child.pid === undefined ? undefined : identityOf(child.pid);
  const end = () => void endGroup(leader);
  const timer = setTimeout(end, timeoutMs);
  const kill = () => leader && signalGroup(leader, "SIGKILL");
  process.once("exit", kill); // nothing goes on when this process is told to end
  try {
    const how = await new Promise<string>((ended) => {
      child.once("error", (error) => ended(error.message));
      child.once("exit", (code, signal) => ended(code === 0 ? "" : (signal ?? `exit status ${code}`)));
    });
    if (how) throw new Error(`${[command, ...args].join(" ")}: ${how}\n${tailOf(log)}`);
  } finally {
    clearTimeout(timer);
    process.off("exit", kill);
  }
}

/** The last lines of a log and where the rest is. */
export function tailOf(log: string): string {
  try {
    const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-tailLines);
    return `the last lines of ${log}:\n${lines.map((line) => `  ${line.slice(0, maxLineLength)}`).join("\n")}`;
  } catch {
    return `${log} is not there`;
  }
}

/** What a command prints, or undefined when it fails or takes too long. */
export async function outputOf(
  command: string,
  args: string[],
  timeoutMs: number,
): Promise<string | undefined> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return new Promise((resolve) => {
    child.once("error", () => resolve(undefined));
    child.once("close", (code) => resolve(code === 0 ? output : undefined));
  });
}
