import { isRunning, type ProcessIdentity } from "./process-identity.ts";
import { tailOf } from "./run-command.ts";
import { answers, waitUntil } from "./wait-until.ts";

const startTimeoutMs = 60_000;

/** Waits until a health check answers. @throws with the end of the log when it does not, or the process ends */
export async function waitForService(
  name: string,
  url: string,
  { log, process }: { log: string; process?: ProcessIdentity },
): Promise<void> {
  const healthy = await waitUntil(async () => {
    if (await answers(url)) return true;
    return process && !isRunning(process) ? false : undefined;
  }, startTimeoutMs);
  if (healthy) return;
  const how = healthy === false ? "ended" : `did not answer at ${url} within ${startTimeoutMs} ms`;
  throw new Error(`${name} ${how}; ${tailOf(log)}`);
}
