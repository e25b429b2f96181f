import { badRequest, DomainError, type Issue } from "../domain/errors.ts";
import { parseSearchRequest } from "../domain/search-index.ts";
import { issuesOf } from "../domain/validate.ts";
import type { HttpEvent } from "./http-handler.ts";
import type { Operation, OperationName } from "./operations.ts";

/**
 * Every part of a request through its schema, the problems of all parts together.
 * @throws BadRequest
 */
export function parseRequest(
  { path, query, headers, body }: Operation,
  event: HttpEvent,
  name: OperationName,
) {
  const issues: Issue[] = [];
  const parts = {
    path: parsePart(() => parseWith(path, event.pathParameters ?? {}, "path"), issues),
    query: parsePart(() => parseWith(query, event.queryStringParameters ?? {}, "query"), issues),
    headers: headers && parsePart(() => parseWith(headers, event.headers, "header"), issues),
    body: body && parsePart(() => parseBody(body, event.body, name), issues),
  };
  if (issues.length > 0) throw badRequest(...issues);
  return parts;
}

function parseBody(schema: NonNullable<Operation["body"]>, body: unknown, name: OperationName) {
  return name === "search" ? parseSearchRequest(body ?? null) : parseWith(schema, body ?? null, "body");
}

function parseWith(schema: NonNullable<Operation["body"]>, input: unknown, root: string) {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw badRequest(...issuesOf(parsed.error, root));
}

function parsePart<T>(parse: () => T, issues: Issue[]): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    issues.push(...error.issues);
    return undefined;
  }
}
