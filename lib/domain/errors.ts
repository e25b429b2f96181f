import { limits } from "../config/limits.ts";
import { clipped } from "./listed.ts";

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
  TooBusy: { code: "too-busy", status: 503, retryable: true, title: "There are too many searches at a time" },
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

/** One problem of an input: where it is (`vector[3]`, `source.part-0.parquet`) and what would be right. */
export interface Issue {
  path: string;
  message: string;
}

interface Details {
  issues?: readonly Issue[];
  /** How many were found beside these. */
  more?: number;
  cause?: unknown;
}

/**
 * Every error this project throws on purpose. Its `name` is the kind, which is what `ErrorEquals` of a state
 * machine matches; `detail` is written for the caller, and shown when the status is below 500 or the table says so. What an error says
 * is bounded here, at its one source: there may be as many problems as an input has fields, and each may name all columns.
 */
export class DomainError extends Error {
  readonly kind: ErrorKind;
  /** The first of them. */
  readonly issues: Issue[];
  /** How many there are beside these. */
  readonly more: number;

  constructor(kind: ErrorKind, detail: string, { issues = [], more = 0, cause }: Details = {}) {
    super(clipped(detail, limits.maxDetailLength), { cause });
    this.name = kind;
    this.kind = kind;
    this.issues = issues.slice(0, limits.maxIssues).map(clippedIssue);
    this.more = more + issues.length - this.issues.length;
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
  /** Whether its detail is written for the caller: below 500, and where the table says so. */
  get isShown(): boolean {
    return this.status < 500 || "shown" in errorTable[this.kind];
  }
  /** The issues as they are answered and kept: one at the end says how many there are beside them. */
  get shownIssues(): Issue[] {
    return this.more > 0
      ? [...this.issues, { path: "", message: `and ${this.more} more` }]
      : [...this.issues];
  }
}

/** An issue whose texts have a bounded length. */
export const clippedIssue = ({ path, message }: Issue): Issue => ({
  path: clipped(path, limits.maxIssuePathLength),
  message: clipped(message, limits.maxIssueLength),
});

/**
 * A BadRequest for issues found together; the detail names the first of them, for those who see no issues.
 * @param more how many were found beside these
 */
export function badRequest(issues: Issue | readonly Issue[], more = 0): DomainError {
  const all = [issues].flat();
  const count = all.length + more;
  const detail = `${count > 1 ? `${count} problems: ` : ""}${summaryOf(all, more, limits.maxSummedIssues)}`;
  return new DomainError("BadRequest", detail, { issues: all, more });
}

/** Issues as one text: the first of them, and how many there are beside these. */
export function summaryOf(issues: readonly Issue[], more = 0, most: number = limits.maxIssues): string {
  const named = issues.slice(0, most).map(clippedIssue);
  const left = more + issues.length - named.length;
  const text = named.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return left > 0 ? `${text}; and ${left} more` : text;
}

export function storeFull(cause: unknown, where = "in the store or on its disk"): DomainError {
  return new DomainError("StoreFull", `no room is left ${where}; what was written of this is removed`, {
    cause,
  });
}

/** The error as one of ours: a full disk is StoreFull, an unknown one becomes Internal with the original as its cause. */
export function asDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") return storeFull(error);
  return new DomainError("Internal", "unexpected error", { cause: error });
}
