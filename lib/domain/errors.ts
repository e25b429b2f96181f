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
  Conflict: {
    code: "conflict",
    status: 409,
    retryable: false,
    title: "Somebody else is changing the same thing",
  },
  IdempotencyMismatch: {
    code: "idempotency-mismatch",
    status: 422,
    retryable: false,
    title: "The Idempotency-Key was used for another request",
  },
  BodyTooLarge: { code: "body-too-large", status: 413, retryable: false, title: "The body is too large" },
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
  StoreUnsuitable: {
    code: "store-unsuitable",
    status: 409,
    retryable: false,
    title: "The store does not honour conditional writes",
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
  StoreUnavailable: {
    code: "store-unavailable",
    status: 503,
    retryable: true,
    title: "The object store does not answer",
  },
  WorkflowUnavailable: {
    code: "workflow-unavailable",
    status: 503,
    retryable: true,
    title: "The workflow service does not answer",
  },
  DeadlineExceeded: { code: "deadline-exceeded", status: 504, retryable: true, title: "The deadline passed" },
  Internal: { code: "internal", status: 500, retryable: true, title: "Something went wrong on our side" },
} as const;

export type ErrorKind = keyof typeof errorTable;
export type ErrorCode = (typeof errorTable)[ErrorKind]["code"];

/** One problem of an input: where it is (`body.vector`, `source.part-0.parquet`) and what would be right. */
export interface Issue {
  path: string;
  message: string;
}

/**
 * Every error this project throws on purpose. Its `name` is the kind, which is what `ErrorEquals` of a state
 * machine matches; `detail` is written for the caller, and shown only when the status is below 500.
 */
export class DomainError extends Error {
  readonly kind: ErrorKind;
  readonly issues: Issue[];

  constructor(kind: ErrorKind, detail: string, options: { issues?: Issue[]; cause?: unknown } = {}) {
    super(detail, { cause: options.cause });
    this.name = kind;
    this.kind = kind;
    this.issues = options.issues ?? [];
  }

  get code(): ErrorCode {
    return errorTable[this.kind].code;
  }
  get status(): number {
    return errorTable[this.kind].status;
  }
  get retryable(): boolean {
    return errorTable[this.kind].retryable;
  }
}

/** A BadRequest for issues found together; the detail names the first of them, for those who see no issues. */
export function badRequest(...issues: Issue[]): DomainError {
  const named = issues.slice(0, 5).map(({ path, message }) => `${path}: ${message}`);
  const count = issues.length > 1 ? `${issues.length} problems: ` : "";
  const detail = `${count}${named.join("; ")}${issues.length > named.length ? "; …" : ""}`;
  return new DomainError("BadRequest", detail, { issues });
}

/** The error as one of ours: an unknown one becomes Internal with the original as its cause. */
export function asDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  return new DomainError("Internal", "unexpected error", { cause: error });
}
