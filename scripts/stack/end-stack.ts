import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compose } from "./containers.ts";
import { runFolders } from "./folders.ts";
import { withLock } from "./lock.ts";
import { endGroup } from "./process-group.ts";
import { isRunning } from "./process-identity.ts";
import { readState, removeState } from "./stack-state.ts";

const lockTimeoutMs = 300_000; // another process may be starting it

/**
 * Ends what the stack of a run folder started, and nothing else; what it wrote goes too, except MinIO's data and the logs.
 * @param purge those as well
 * @returns the names of what was ended
 */
export async function endStack(run: string, purge = false): Promise<string[]> {
  if (!existsSync(run)) return [];
  const ended = await withLock(runFolders(run).lock, lockTimeoutMs, async () => {
    const names = await endProcesses(run);
    const { minio, logs } = runFolders(run);
    if (purge) for (const folder of [minio, logs]) rmSync(folder, { recursive: true, force: true });
    return names;
  });
  if (purge) rmSync(run, { recursive: true, force: true });
  return ended;
}

/** For who has the lock. */
export async function endProcesses(run: string): Promise<string[]> {
  const state = readState(run);
  const running = Object.entries(state?.processes ?? {}).filter(
    ([, process]) => process && isRunning(process),
  );
  const ends = await Promise.allSettled(running.map(([, process]) => endGroup(process)));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason; // the state stays, for another try
  if (state?.way === "docker") await compose(run, state, ["down", "--timeout", "10"]);
  removeState(run);
  const { localstack, home, tmp, service } = runFolders(run);
  for (const folder of [localstack, home, tmp, service, join(run, "layer")])
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  return [...running.map(([name]) => name), ...(state?.way === "docker" ? ["minio", "localstack"] : [])];
}
