import { badRequest, DomainError, type Issue } from "../domain/errors.ts";
import { validate } from "../domain/validate.ts";
import type { HttpEvent } from "./http-handler.ts";
import { inPart } from "./in-part.ts";
import type { Operation } from "./operations/operation.ts";

/**
 * Every part of a request through its schema, the problems of all parts together.
 * @throws BadRequest
 */
export function parseRequest({ path, query, headers, body, parseBody }: Operation, event: HttpEvent) {
  const found: Found = { issues: [], more: 0 };
  const parts = {
    // decoded once already, by HTTP APIs and by serverless-offline: never again, an id may hold a %
    path: parsePart(() => validate(path, event.pathParameters ?? {}, "path"), found),
    query: parsePart(() => validate(query, event.queryStringParameters ?? {}, "query"), found),
    headers: headers && parsePart(() => validate(headers, event.headers ?? {}, "header"), found),
    body:
      body &&
      parsePart(
        () =>
          parseBody
            ? ownParsed(parseBody, objectIn(event.body))
            : validate(body, objectIn(event.body), "body"),
        found,
      ),
  };
  if (found.issues.length > 0) throw badRequest(found.issues, found.more);
  return parts;
}

function ownParsed<T>(parse: (body: object) => T, body: object): T {
  try {
    return parse(body);
  } catch (error) {
    throw inPart("body", error);
  }
}

function objectIn(body: unknown): object {
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return body;
  throw badRequest({ path: "body", message: "must be a JSON object" });
}

interface Found {
  issues: Issue[];
  more: number;
}

function parsePart<T>(parse: () => T, found: Found): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    found.issues.push(...error.issues); // few: the error counts the others
    found.more += error.more;
    return undefined;
  }
}
