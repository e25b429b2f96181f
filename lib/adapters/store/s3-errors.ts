import type { ErrorKind } from "../../domain/error-table.ts";
import { DomainError, storeFull } from "../../domain/errors.ts";

export const maxAttempts = 4;

/** What a store was asked when it answered with an error, as far as that is known. */
export interface AskedStore {
  /** HTTP's, of the answer. */
  status?: number | undefined;
  /** Whether it was to change something. */
  writes?: boolean;
}

/**
 * A store's error as one of ours, by the code it tells; by its HTTP status where it tells none, and StoreUnavailable where
 * there was no answer. 412: a condition does not hold; 409: that could not be found out.
 */
export function storeError(cause: unknown, { status, writes = false }: AskedStore = {}): DomainError {
  if (cause instanceof DomainError) return cause;
  if (status === 507) return storeFull(cause);
  const told = toldByCode(cause, writes);
  if (told) return told;
  if (status === 412 || status === 409)
    return new DomainError("Conflict", "the object was changed by somebody else", { cause });
  if (status === 401 || status === 403) return denied(cause, writes);
  return new DomainError("StoreUnavailable", "the object store failed", { cause });
}

/**
 * What all who talk to S3 say, whoever it is: our own requests and LanceDB quote its answer, the AWS client names the error
 * by its code. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 * @returns undefined where there is no code, or one that says no more than the status does
 */
export function toldByCode(cause: unknown, writes: boolean): DomainError | undefined {
  const code = codeIn(cause);
  if (/^\w*StorageFull$|^QuotaExceeded$/.test(code)) return storeFull(cause); // also as 403 or 400, as by Ceph
  if (code.startsWith("KMS.") || (code === "AccessDenied" && /perform: kms:/.test(textOf(cause))))
    return new DomainError("StoreAccessDenied", "the store may not use the key (KMS) of the bucket", {
      cause,
    });
  if (refusals.has(code)) return denied(cause, writes);
  const meaning = meanings[code];
  return meaning && new DomainError(...meaning, { cause });
}

/** Of a bucket that could be read before: who cannot tell asks. */
function denied(cause: unknown, writes: boolean): DomainError {
  return writes
    ? new DomainError("BucketReadOnly", "the store refuses to write there", { cause })
    : new DomainError("StoreAccessDenied", "the store refuses to read there", { cause });
}

const refusals = new Set(["AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidPayer"]);

const refused: Record<string, string> = {
  InvalidAccessKeyId: "the store does not know the access key",
  SignatureDoesNotMatch: "the secret key is not that of the access key",
  InvalidToken: "the store does not know the session token",
  InvalidTokenId: "the store does not know the session token", // MinIO's
  InvalidSecurity: "the store does not take the credentials",
  NotSignedUp: "the account of the credentials has no such store",
  CredentialsProviderError: "no credentials for the store were found",
};
const expired = "the credentials have expired";
const skewed = "this machine's clock and the store's are too far apart";
const elsewhere = "the bucket is in another region than is declared";
const busy = "the store asks for fewer requests";

const meanings: Record<string, [ErrorKind, string] | undefined> = {
  ...Object.fromEntries(
    Object.entries(refused).map(([code, why]) => [code, ["StoreCredentialsRefused", why]]),
  ),
  ExpiredToken: ["StoreCredentialsExpired", expired],
  ExpiredTokenException: ["StoreCredentialsExpired", expired],
  TokenRefreshRequired: ["StoreCredentialsExpired", expired],
  RequestTimeTooSkewed: ["StoreClockSkewed", skewed],
  RequestExpired: ["StoreClockSkewed", skewed],
  NoSuchBucket: ["StoreBucketMissing", "the store has no bucket of the declared name"],
  PermanentRedirect: ["StoreBucketMissing", elsewhere],
  AuthorizationHeaderMalformed: ["StoreBucketMissing", elsewhere],
  IllegalLocationConstraintException: ["StoreBucketMissing", elsewhere],
  SlowDown: ["StoreUnavailable", busy],
  SlowDownRead: ["StoreUnavailable", busy], // MinIO's
  SlowDownWrite: ["StoreUnavailable", busy],
};

/** Of the answer that an error quotes; else an error of the AWS client has it for its name. */
function codeIn(cause: unknown): string {
  const [, quoted] = /<Code>([\w.]+)<\/Code>/.exec(textOf(cause)) ?? [];
  return quoted ?? (cause instanceof Error ? cause.name : "");
}

const textOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));
