import { errorTable } from "../domain/error-table.ts";
import { asDomainError, DomainError } from "../domain/errors.ts";

export interface HttpResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * The one place where an error becomes a response. Below 500 the detail was written for the caller, and of a few kinds above; else that says
 * nothing of paths, buckets, SQL or LanceDB: that is in the log, under the same correlation id.
 */
export function problemResponse(error: DomainError, correlationId: string): HttpResponse {
  const { title } = errorTable[error.kind];
  const { code, status, shownIssues: issues } = error;
  const shown = error.isShown ? { detail: error.message, ...(issues.length > 0 ? { issues } : {}) } : {};
  const body = {
    type: `urn:problem:${code}`,
    title,
    status,
    code,
    ...shown,
    instance: `urn:request:${correlationId}`,
  };
  return {
    statusCode: status,
    headers: { "content-type": "application/problem+json", ...retryOf(error), ...challengeOf(error) },
    body: JSON.stringify(body),
  };
}

function retryOf({ kind, retryable }: DomainError): Record<string, string> {
  const row = errorTable[kind];
  const seconds = "retryAfterSeconds" in row ? row.retryAfterSeconds : 1;
  return retryable ? { "retry-after": String(seconds) } : {};
}

const realm = 'Bearer realm="serverless-lance"';

function challengeOf({ kind }: DomainError): Record<string, string> {
  if (kind === "Unauthenticated") return { "www-authenticate": realm };
  if (kind === "InvalidToken") return { "www-authenticate": `${realm}, error="invalid_token"` };
  return kind === "Forbidden" ? { "www-authenticate": `${realm}, error="insufficient_scope"` } : {};
}

/**
 * The body parser's errors tell a wrong type from wrong JSON only by their message; their cause holds the body, vector
 * and all, and is dropped here so that it is never logged.
 */
export function errorOf(thrown: unknown): DomainError {
  const { statusCode, message } = (thrown ?? {}) as { statusCode?: unknown; message?: unknown };
  if (statusCode !== 415) return asDomainError(thrown);
  if (/malformed JSON/.test(String(message)))
    return new DomainError("InvalidJson", "the body cannot be parsed as JSON");
  return new DomainError("UnsupportedMediaType", "send the body as application/json");
}
