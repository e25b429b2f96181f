import { limits } from "../config/limits.ts";
import { type ErrorCode, type ErrorKind, errorTable } from "./error-table.ts";
import { clipped } from "./listed.ts";

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
