import { createHash, randomUUID } from "node:crypto";

/**
 * The id of a job, which is its execution's name (at most 80 characters). Derived from the idempotency key, so that a
 * re-send finds the first; the key itself is not shown.
 */
export function jobIdFor(type: string, idempotencyKey: string | undefined): string {
  const digest = createHash("sha256")
    .update(idempotencyKey ?? randomUUID())
    .digest("hex");
  return `${type}-${digest.slice(0, 32)}`;
}
