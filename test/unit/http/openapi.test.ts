import { readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { openApiDocument } from "../../../lib/http/openapi.ts";
import type { Operation } from "../../../lib/http/operations/operation.ts";
import { operations } from "../../../lib/http/operations.ts";

const written = JSON.parse(await readFile("openapi.json", "utf8"));

test("openapi.json is what the schemas say; npm run openapi writes it anew", () => {
  expect(written).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

test("it is a valid OpenAPI 3.1 document", async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(written))).toEqual({ valid: true });
  expect(validator.version).toBe("3.1");
});

test("every reference in it leads somewhere", () => {
  const references = [...JSON.stringify(written).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  expect(references.length).toBeGreaterThan(0);
  for (const [, name] of references) expect(written.components.schemas).toHaveProperty(name ?? "");
});

test("every operation has a route of its own that is deployed, and tells its problems", async () => {
  const deployed = [...(await readFile("serverless.yml", "utf8")).matchAll(/- httpApi: (\w+) (\S+)/g)];
  const routes = deployed.map(([, method, path]) => `${method} ${path?.replace("+}", "}")}`).sort();
  const described = (Object.values(operations) as Operation[]).map(
    ({ method, route }) => `${method.toUpperCase()} ${route}`,
  );
  expect(described.sort()).toEqual(routes);
  for (const [name, { method, route, needs, status, pendingStatus }] of Object.entries(operations) as [
    string,
    Operation,
  ][]) {
    const operation = written.paths[route][method];
    expect(operation.operationId).toBe(name);
    const schemes = Object.keys(written.components.securitySchemes).map((scheme) => ({ [scheme]: [] }));
    expect(operation.security).toEqual(needs === "nothing" ? [] : schemes);
    expect(Object.keys(operation.responses)).toEqual(
      [status, pendingStatus, "default"].filter((one) => one !== undefined).map(String),
    );
  }
});
