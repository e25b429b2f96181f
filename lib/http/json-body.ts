import type middy from "@middy/core";
import httpJsonBodyParser from "@middy/http-json-body-parser";
import { limits } from "../config/limits.ts";
import { badRequest, DomainError } from "../domain/errors.ts";
import type { HttpEvent } from "./http-handler.ts";
import type { HttpResponse } from "./problem.ts";

/**
 * Parses a body of JSON.
 * @param linesOf one that comes as a JSON value a line (`application/x-ndjson`) is taken as the object that holds these
 * under this name; without it, no such body is taken
 */
export function jsonBody(linesOf?: string): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  const json = httpJsonBodyParser() as unknown as middy.MiddlewareObj<HttpEvent, HttpResponse>;
  if (linesOf === undefined) return json;
  return {
    before: async (request) => {
      const { event } = request;
      if (event.body && typeof event.body === "object") return; // a stream's bytes
      if (!isLines(event.headers?.["content-type"])) return json.before?.(request);
      Object.assign(event, { body: { [linesOf]: valuesOf(event.body ?? "") } });
    },
  };
}

const isLines = (type = "") => /^application\/(x-)?ndjson\b/i.test(type);

function valuesOf(text: string): unknown[] {
  const lines = text.split("\n").flatMap((line, i) => (line.trim() === "" ? [] : [{ line, number: i + 1 }]));
  if (lines.length > limits.maxDocuments)
    throw badRequest({ path: "body", message: `has ${lines.length} lines, at most ${limits.maxDocuments}` });
  return lines.map(({ line, number }) => valueIn(line, number));
}

function valueIn(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new DomainError("InvalidJson", `line ${number} of the body cannot be parsed as JSON`);
  }
}
