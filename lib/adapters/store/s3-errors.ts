import { DomainError, storeFull } from "../../domain/errors.ts";

export const maxAttempts = 4;

/** A store's error by its HTTP status; undefined where there was no answer. 412: a condition does not hold; 409: that could not be found out. */
export function storeError(status: number | undefined, cause: unknown): DomainError {
  if (cause instanceof DomainError) return cause;
  if (status === 507 || isFull(cause)) return storeFull(cause);
  if (status === 412 || status === 409)
    return new DomainError("Conflict", "the object was changed by somebody else", { cause });
  if (status === 403) return new DomainError("BucketReadOnly", "the store refuses the access", { cause });
  return new DomainError("StoreUnavailable", "the object store failed", { cause });
}

/** Also where a quota is told as 403 or 400, as by Ceph. */
function isFull(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  return /^(?:\w*StorageFull|QuotaExceeded)$|<Code>(?:\w*StorageFull|QuotaExceeded)</.test(
    /<Code>/.test(cause.message) ? cause.message : cause.name,
  );
}
