import { createHash, randomUUID } from "node:crypto";

/**
 * The id of a job, which is its execution's name (at most 80 characters). Derived from the idempotency key
 * alone, so that a re-send finds the first and another request with the same key is found out; the key itself is not
 * shown.
 */
export function jobIdFor(idempotencyKey: string | undefined): string {
  const digest = createHash("sha256")
    .update(idempotencyKey ?? randomUUID())
    .digest("hex");
  return `job-${digest.slice(0, 32)}`;
}
