import type { Environment } from "./environment.ts";
import { limits } from "./limits.ts";

/** What replicas may take of a container's disk, in bytes: what is told, or their share of the disk that was declared. */
export function replicaBytes({
  REPLICA_MAX_BYTES,
  CONTAINER_DISK_MB,
}: Pick<Environment, "REPLICA_MAX_BYTES" | "CONTAINER_DISK_MB">): number {
  if (REPLICA_MAX_BYTES !== undefined) return REPLICA_MAX_BYTES;
  if (CONTAINER_DISK_MB === undefined) return limits.replicaMaxBytes;
  return Math.floor(CONTAINER_DISK_MB * 1_048_576 * limits.replicaDiskShare);
}
