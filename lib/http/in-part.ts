import { badRequest, DomainError, type Issue } from "../domain/errors.ts";
import { wholeInput } from "../domain/validate.ts";

/** The parts of a request that a use case is given. */
export type Part = "body" | "query";

/**
 * What a use case found wrong with what it was given, named by the part of the request that this came in; any other error
 * as it is.
 */
export function inPart(part: Part, error: unknown): unknown {
  if (!(error instanceof DomainError) || error.kind !== "BadRequest") return error;
  return badRequest(
    error.issues.map((issue) => withPart(part, issue)),
    error.more,
  );
}

const withPart = (part: Part, { path, message }: Issue): Issue => ({
  path: path === wholeInput ? part : `${part}.${path}`,
  message,
});
