import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { operations } from "../../lib/http/operations.ts";

/** API9:2023 Improper inventory management: what is reached is what is described, in one version. */
const serverless = await readFile("serverless.yml", "utf8");
const contract = JSON.parse(await readFile("openapi.json", "utf8"));
const routes = (Object.values(operations) as Operation[]).map(
  ({ method, route }) => `${method.toUpperCase()} ${route}`,
);

test("functions are reached by the routes that are described and by schedules, and by nothing else", () => {
  const events = [...serverless.matchAll(/^ {6}- (\w+):? ?([^#\n]*)/gm)].map(([, kind, what]) => [
    kind,
    what?.trim(),
  ]);
  const http = events.flatMap(([kind, what]) => (kind === "httpApi" ? [what?.replace("+}", "}")] : []));
  expect(http.filter((one) => one !== "'*'" && one !== '"*"').sort()).toEqual([...routes].sort());
  const kinds = new Set(events.map(([kind]) => kind));
  for (const kind of ["http", "websocket", "alb", "s3", "sns", "sqs", "stream", "iot"])
    expect(kinds).not.toContain(kind);
  expect(serverless).not.toMatch(/^\s+url:\s/m); // a function's own address, which asks nobody
});

test("the contract describes these routes alone, each with who may ask it and what it takes", () => {
  const described = Object.entries<Record<string, unknown>>(contract.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual([...routes].sort());
});

test("every function is of a route, a task of a job, or a schedule", async () => {
  const files = (await readdir("functions")).map((file) => file.replace(/\.ts$/, ""));
  const declared = [...serverless.matchAll(/handler: functions\/([\w-]+)\.handler/g)].map(([, name]) => name);
  expect(new Set(declared)).toEqual(new Set(files));
});

test("two routes alone ask for no key, and tell nothing of what is stored", () => {
  const open = (Object.entries(operations) as [string, Operation][]).filter(
    ([, { needs }]) => needs === "nothing",
  );
  expect(open.map(([name]) => name)).toEqual(["health", "openapi"]);
});
