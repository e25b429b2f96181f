import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * Runs a script of this folder that is told of a small disk first, in a mount namespace of its own: the disk goes with it.
 * @param disk the folder where the disk is to be
 * @returns what it printed, which is JSON
 */
export async function onSmallDisk(
  script: string,
  { disk, megabytes, env = {} }: { disk: string; megabytes: number; env?: Record<string, string> },
) {
  const mount = `mount -t tmpfs -o size=${megabytes}m tmpfs "$1" && exec "$0" "$2" "$1"`;
  const privileged = process.getuid?.() === 0 ? ["-m"] : ["-r", "-m"];
  const { stdout } = await promisify(execFile)(
    "unshare",
    [...privileged, "sh", "-c", mount, process.execPath, disk, join(import.meta.dirname, script)],
    { env: { ...process.env, ...env }, timeout: 50_000 },
  );
  return JSON.parse(stdout);
}
