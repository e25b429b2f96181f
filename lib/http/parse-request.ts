import type { z } from "zod";
import { badRequest, DomainError, type Issue } from "../domain/errors.ts";
import { validate } from "../domain/validate.ts";
import type { HttpEvent } from "./http-handler.ts";
import type { Operation } from "./operations/operation.ts";

/**
 * Every part of a request through its schema, the problems of all parts together.
 * @throws BadRequest
 */
export function parseRequest({ path, query, headers, body, parseBody }: Operation, event: HttpEvent) {
  const issues: Issue[] = [];
  const parts = {
    // decoded once already, by HTTP APIs and by serverless-offline: never again, an id may hold a %
    path: parsePart(() => validate(path, event.pathParameters ?? {}, "path"), issues),
    query: parsePart(() => validate(query, event.queryStringParameters ?? {}, "query"), issues),
    headers: headers && parsePart(() => validate(headers, event.headers ?? {}, "header"), issues),
    body: body && parsePart(() => (parseBody ?? byItsSchema(body))(objectIn(event.body)), issues),
  };
  if (issues.length > 0) throw badRequest(...issues);
  return parts;
}

const byItsSchema = (schema: z.ZodType) => (body: object) => validate(schema, body, "body");

function objectIn(body: unknown): object {
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return body;
  throw badRequest({ path: "body", message: "must be a JSON object" });
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
