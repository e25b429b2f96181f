import type { Written } from "../../lib/domain/documents/receipts.ts";
import { DomainError } from "../../lib/domain/errors.ts";

/** As a client does that was told to try again. */
export async function untilAcknowledged(write: () => Promise<Written>): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const error = await write().then(
      () => undefined,
      (thrown) => thrown,
    );
    if (!error) return;
    if (!(error instanceof DomainError && error.retryable)) throw error;
  }
  throw new Error("never acknowledged");
}
