/** One table of everything that can go wrong: HTTP, Step Functions and the README's reference read it. */
export const errorTable = {
  BadRequest: { code: "bad-request", status: 400, retryable: false, title: "The request is not valid" },
  InvalidJson: { code: "invalid-json", status: 400, retryable: false, title: "The body is not JSON" },
  BucketNotFound: { code: "bucket-not-found", status: 404, retryable: false, title: "No such bucket" },
  IndexNotFound: { code: "index-not-found", status: 404, retryable: false, title: "No such index" },
  DocumentNotFound: { code: "document-not-found", status: 404, retryable: false, title: "No such document" },
  JobNotFound: { code: "job-not-found", status: 404, retryable: false, title: "No such job" },
  RouteNotFound: { code: "route-not-found", status: 404, retryable: false, title: "No such route" },
  IndexNotReady: {
    code: "index-not-ready",
    status: 409,
    retryable: true,
    title: "The index has no published generation yet",
  },
  VersionNotReached: {
    code: "version-not-reached",
    status: 409,
    retryable: true,
    title: "The index is not at this version yet",
  },
  Conflict: {
    code: "conflict",
    status: 409,
    retryable: false,
    title: "Somebody else is changing the same thing",
  },
  DocumentExists: {
    code: "document-exists",
    status: 409,
    retryable: false,
    title: "Documents with these ids are there already",
  },
  CursorExpired: {
    code: "cursor-expired",
    status: 410,
    retryable: false,
    title: "The list cannot go on from there",
  },
  IdempotencyMismatch: {
    code: "idempotency-mismatch",
    status: 422,
    retryable: false,
    title: "The Idempotency-Key was used for another request",
  },
  BodyTooLarge: { code: "body-too-large", status: 413, retryable: false, title: "The body is too large" },
  AnswerTooLarge: {
    code: "answer-too-large",
    status: 422,
    retryable: false,
    title: "The answer would be too large",
  },
  UnsupportedMediaType: {
    code: "unsupported-media-type",
    status: 415,
    retryable: false,
    title: "The body must be application/json",
  },
  BucketReadOnly: {
    code: "bucket-read-only",
    status: 403,
    retryable: false,
    title: "The bucket is read-only",
  },
  StoreAccessDenied: {
    code: "store-access-denied",
    status: 403,
    retryable: false,
    title: "The object store refuses the access",
  },
  StoreUnsuitable: {
    code: "store-unsuitable",
    status: 409,
    retryable: false,
    title: "The store does not honour conditional writes",
  },
  OutsideBucket: {
    code: "outside-bucket",
    status: 403,
    retryable: false,
    title: "A link leads out of the bucket",
  },
  SourceChanged: {
    code: "source-changed",
    status: 409,
    retryable: false,
    title: "The source changed while it was read",
  },
  SourceInvalid: {
    code: "source-invalid",
    status: 422,
    retryable: false,
    title: "The Parquet source cannot be loaded",
  },
  IndexParametersInvalid: {
    code: "index-parameters-invalid",
    status: 422,
    retryable: false,
    title: "The index parameters do not fit the data",
  },
  TableNotKnown: {
    code: "table-not-known",
    status: 422,
    retryable: false,
    title: "The table holds what this version of the project does not know",
  },
  JobTooLarge: {
    code: "job-too-large",
    status: 422,
    retryable: false,
    title: "There is no room to build the index",
  },
  RecallNotReached: {
    code: "recall-not-reached",
    status: 422,
    retryable: false,
    title: "The index does not reach the recall asked for",
  },
  RowsMiscounted: {
    code: "rows-miscounted",
    status: 500,
    retryable: false,
    title: "The loaded rows are not those of the source",
  },
  JobCancelled: { code: "job-cancelled", status: 409, retryable: false, title: "The job was cancelled" },
  JobInterrupted: {
    code: "job-interrupted",
    status: 500,
    retryable: true,
    title: "The process that ran the job ended",
  },
  ConfigInvalid: {
    code: "config-invalid",
    status: 500,
    retryable: false,
    title: "The configuration is not valid",
  },
  StoreCredentialsRefused: {
    code: "store-credentials-refused",
    status: 500,
    retryable: false,
    shown: true,
    title: "The object store does not accept the credentials",
  },
  StoreCredentialsExpired: {
    code: "store-credentials-expired",
    status: 503,
    retryable: true,
    shown: true,
    title: "The credentials for the object store have expired",
  },
  StoreClockSkewed: {
    code: "store-clock-skewed",
    status: 500,
    retryable: false,
    shown: true,
    title: "The clock is not that of the object store",
  },
  StoreBucketMissing: {
    code: "store-bucket-missing",
    status: 500,
    retryable: false,
    shown: true,
    title: "The object store has no such bucket there",
  },
  StoreUnavailable: {
    code: "store-unavailable",
    status: 503,
    retryable: true,
    title: "The object store does not answer",
  },
  TooBusy: { code: "too-busy", status: 503, retryable: true, title: "There are too many requests at a time" },
  WorkflowUnavailable: {
    code: "workflow-unavailable",
    status: 503,
    retryable: true,
    title: "The workflow service does not answer",
  },
  ClientGone: { code: "client-gone", status: 499, retryable: false, title: "The client went away" },
  TaskTimedOut: {
    code: "task-timed-out",
    status: 504,
    retryable: true,
    title: "A task of the job did not end in the time its function has",
  },
  StoreFull: {
    code: "store-full",
    status: 507,
    retryable: false,
    shown: true,
    title: "There is no room left to write",
  },
  EntryDamaged: {
    code: "entry-damaged",
    status: 500,
    retryable: false,
    shown: true,
    title: "What is stored about it cannot be read",
  },
  NeedsNewerRelease: {
    code: "needs-newer-release",
    status: 503,
    retryable: false,
    shown: true,
    title: "It was written by a newer release",
  },
  DeadlineExceeded: { code: "deadline-exceeded", status: 504, retryable: true, title: "The deadline passed" },
  Internal: { code: "internal", status: 500, retryable: true, title: "Something went wrong on our side" },
} as const;

export type ErrorKind = keyof typeof errorTable;
export type ErrorCode = (typeof errorTable)[ErrorKind]["code"];

/** @param name of a kind, or a code itself @returns undefined for any other text */
export function codeOf(name: string): ErrorCode | undefined {
  if (Object.hasOwn(errorTable, name)) return errorTable[name as ErrorKind].code;
  return Object.values(errorTable).find(({ code }) => code === name)?.code;
}
