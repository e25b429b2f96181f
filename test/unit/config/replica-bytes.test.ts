import { expect, test } from "vitest";
import { readEnvironment } from "../../../lib/config/environment.ts";
import { replicaBytes } from "../../../lib/config/replica-bytes.ts";

const bytes = (variables: Record<string, string>) => replicaBytes(readEnvironment(variables));

test("replicas take four fifths of the disk that a function declares, or what is told", () => {
  expect(bytes({ CONTAINER_DISK_MB: "5120" })).toBe(4 * 1_073_741_824);
  expect(bytes({ CONTAINER_DISK_MB: "10240" })).toBe(8 * 1_073_741_824);
  expect(bytes({ CONTAINER_DISK_MB: "10240", REPLICA_MAX_BYTES: "0" })).toBe(0);
  expect(bytes({})).toBe(4 * 1_073_741_824);
});
