import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { z } from "zod";

/** A process for good: the system gives a pid to another one later, but not with the same start. */
export const processIdentity = z.strictObject({
  pid: z.number().int().min(2),
  startedAt: z.string().min(1),
});
export type ProcessIdentity = z.infer<typeof processIdentity>;

/** @returns undefined when there is no such process, or only what is left of it until its parent asks */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return identityOf(pid)?.startedAt === startedAt;
}

/** Whether a signal holds it. */
export function isStopped(pid: number): boolean {
  return execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).startsWith("T");
}

/** Clock ticks since the boot, and which boot. */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name before may hold anything
    if (fields[0] === "X" || (fields[0] === "Z" && threadsOf(pid) <= 1)) return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Its first thread may be over before the others, which still hold the ports. */
function threadsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

function startByPs(pid: number): string | undefined {
  try {
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    const [state, ...start] = line.split(/\s+/);
    return state?.startsWith("Z") ? undefined : start.join(" ");
  } catch {
    return undefined;
  }
}
