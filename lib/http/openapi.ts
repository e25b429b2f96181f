import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import packageJson from "../../package.json" with { type: "json" };
import { explainCostHeader, toldCostHeader } from "./cost-schema.ts";
import type { Example, Examples } from "./examples/example.ts";
import { examples } from "./examples.ts";
import type { Operation } from "./operations/operation.ts";
import { operations, problem } from "./operations.ts";
import { streamType } from "./stream-type.ts";

const description = "An API key; where access is open, none is needed (docs/access.md)";
const ofToken = "In place of a key where access is by tokens of an OpenID Connect issuer (docs/access.md)";
const securitySchemes = {
  apiKey: { type: "apiKey", in: "header", name: "x-api-key", description },
  bearer: { type: "http", scheme: "bearer", description },
  token: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: ofToken },
} as const;

/** The OpenAPI 3.1 document, from the schemas that validate the requests. */
export function openApiDocument() {
  const paths: ZodOpenApiPathsObject = {};
  for (const [operationId, operation] of Object.entries(operations) as [string, Operation][])
    paths[operation.route] = {
      ...paths[operation.route],
      [operation.method]: operationObject(operationId, operation),
    };
  return createDocument({
    openapi: "3.1.0",
    info: { title: packageJson.name, version: packageJson.version, description: packageJson.description },
    paths,
    components: { securitySchemes },
  });
}

function operationObject(operationId: string, operation: Operation): ZodOpenApiOperationObject {
  const { summary, needs, path, query, headers, body, status, pendingStatus, response } = operation;
  const answer = {
    description: summary,
    headers: toldCostHeader,
    ...(response ? { content: { "application/json": { schema: response } } } : {}),
  };
  return {
    operationId,
    summary,
    security: needs === "nothing" ? [] : Object.keys(securitySchemes).map((name) => ({ [name]: [] })),
    requestParams: { path, query, header: (headers ?? z.object({})).extend(explainCostHeader) },
    ...(body ? { requestBody: { required: true, content: contentOf(operationId, operation, body) } } : {}),
    responses: {
      [String(status)]: answer,
      ...(pendingStatus ? { [String(pendingStatus)]: { ...answer, description: "It goes on" } } : {}),
      default: {
        description: "A problem",
        headers: toldCostHeader,
        content: { "application/problem+json": { schema: problem } },
      },
    },
  };
}

/** Beside JSON bodies, which have examples, those that come in another form. */
function contentOf(operationId: string, operation: Operation, body: NonNullable<Operation["body"]>) {
  const { linesOf, streamOf } = operation;
  const text = (description: string) => ({ schema: { type: "string" as const, description } });
  const own = Object.entries((examples as Record<string, Examples>)[operationId] ?? {});
  const shown = own.map(([name, example]) => [name, shownExample(operation, example)] as const);
  return {
    "application/json": { schema: body, examples: Object.fromEntries(shown) },
    ...(linesOf ? { "application/x-ndjson": text(`Each of ${linesOf} on a line of its own`) } : {}),
    ...(streamOf ? { [streamType]: text(`An Arrow IPC stream of ${streamOf}, not compressed`) } : {}),
  };
}

function shownExample({ method, route }: Operation, { summary, path = {}, value }: Example) {
  const url = route.replace(/\{(\w+)\}/g, (_, key) => path[key] ?? "");
  return { summary, description: `${method.toUpperCase()} ${url}`, value };
}
