import type { Readers } from "./readers.ts";
import { logger } from "./telemetry.ts";

/**
 * Begins to open the indexes that WARM_INDEXES names as a function is initialised, behind its first request. One that
 * cannot be opened is a line in the log; a request for it says the same to its caller.
 */
export function warmBeforehand(readers: () => Readers): void {
  if (process.env["WARM_INDEXES"]) setImmediate(() => void openNamed(readers));
}

/** @returns when each has been opened or has failed */
export async function openNamed(readers: () => Readers): Promise<void> {
  try {
    const { environment, indexes } = readers();
    await Promise.all((environment.WARM_INDEXES ?? []).map((index) => open(indexes, index)));
  } catch (error) {
    logger.warn("indexes are not warmed", { error: error as Error });
  }
}

async function open(indexes: Readers["indexes"], index: string): Promise<void> {
  const started = performance.now();
  try {
    await indexes.use(index, { consistency: "eventual" }, async () => undefined);
    logger.info("warmed", { index, duration_ms: performance.now() - started });
  } catch (error) {
    logger.warn("index is not warmed", { index, error: error as Error });
  }
}
