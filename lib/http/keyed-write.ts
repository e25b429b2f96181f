import { createHash } from "node:crypto";

/**
 * What is kept of a write with an Idempotency-Key: digests of the key and of all that it asks for, so that a re-send finds
 * the first and another request with the same key is found out. Neither is shown.
 * @returns undefined without a key
 */
export function keyedWrite(idempotencyKey: string | undefined, ...request: unknown[]) {
  if (idempotencyKey === undefined) return undefined;
  return { key: digest(idempotencyKey), request: digest(JSON.stringify(request, withDigests)) };
}

const withDigests = (_: string, value: unknown) => (value instanceof Uint8Array ? digest(value) : value);

const digest = (text: string | Uint8Array) => createHash("sha256").update(text).digest("hex").slice(0, 32);
