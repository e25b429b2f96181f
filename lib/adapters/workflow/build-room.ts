import { statfs } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import type { Environment } from "../../config/environment.ts";
import { limits } from "../../config/limits.ts";
import type { BuildRoom } from "../../domain/plan/build-needs.ts";

/** What the function that builds has, as its deployment says; without that what this machine has, for as long as it takes. */
export async function buildRoom({
  BUILD_MEMORY_MB,
  BUILD_DISK_MB,
  BUILD_TIMEOUT_S,
}: Environment): Promise<BuildRoom> {
  const { bavail, bsize } = await statfs(tmpdir());
  const memoryBytes = BUILD_MEMORY_MB ? BUILD_MEMORY_MB * 1_048_576 : machineMemory();
  const cores = BUILD_MEMORY_MB ? BUILD_MEMORY_MB / limits.memoryMbOfCore : availableParallelism();
  return {
    memoryBytes: limits.buildMemoryShare * memoryBytes,
    diskBytes: BUILD_DISK_MB ? BUILD_DISK_MB * 1_048_576 : bavail * bsize,
    cpuSeconds: BUILD_TIMEOUT_S ? BUILD_TIMEOUT_S * cores : Number.POSITIVE_INFINITY,
  };
}

/** A container may have less than its machine. */
function machineMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
