import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { accessMode } from "../../../lib/config/access-mode.ts";
import { readEnvironment } from "../../../lib/config/environment.ts";

const { here } = createRequire(import.meta.url)("../../../deploy/access.cjs") as {
  here(asked: string, host: string): string;
};
const lambda = { AWS_LAMBDA_FUNCTION_NAME: "search" };

test.each([
  ["open", {}],
  ["open", { LAKEHOUSE_AUTH: "" }],
  ["keys", { LAKEHOUSE_AUTH: "keys" }],
  ["keys", { ...lambda, LAKEHOUSE_AUTH: "keys" }],
  ["iam", { ...lambda, LAKEHOUSE_AUTH: "iam" }],
  ["open", { ...lambda, LAKEHOUSE_AUTH: "open", AWS_ENDPOINT: "http://127.0.0.1:9000" }],
  ["open", { ...lambda, LAKEHOUSE_AUTH: "open", IS_OFFLINE: "true" }],
])("access is %s with %j", (mode, variables) => {
  expect(accessMode(readEnvironment(variables))).toBe(mode);
});

test.each([
  lambda,
  { ...lambda, LAKEHOUSE_AUTH: "open" },
  { ...lambda, AWS_ENDPOINT: "http://127.0.0.1:9000" },
])("a function on AWS does not start with %j", (variables) => {
  expect(() => accessMode(readEnvironment(variables))).toThrow(/LAKEHOUSE_AUTH/);
});

test.each([{}, { ...lambda, IS_OFFLINE: "true" }])("nobody checks signatures with %j", (variables) => {
  expect(() => accessMode(readEnvironment({ ...variables, LAKEHOUSE_AUTH: "iam" }))).toThrow(/API Gateway/);
});

test("what is neither is told by its name", () => {
  expect(() => readEnvironment({ LAKEHOUSE_AUTH: "none" })).toThrow(/LAKEHOUSE_AUTH/);
});

test.each([
  ["open", "", "127.0.0.1"],
  ["open", "", "localhost"],
  ["open", "open", "::1"],
  ["keys", "keys", "127.0.0.1"],
  ["keys", "", "0.0.0.0"],
  ["keys", "", "192.168.1.2"],
  ["keys", "keys", "::"],
])("the development server is served %s, asked for %j at %s", (mode, asked, host) => {
  expect(here(asked, host)).toBe(mode);
});

test.each(["0.0.0.0", "127.0.0.1"])("nobody checks signatures at %s", (host) => {
  expect(() => here("iam", host)).toThrow(/signatures/);
});

test.each(["0.0.0.0", "127.0.0.1.example.com", "::", "10.0.0.1"])("it is not open at %s", (host) => {
  expect(() => here("open", host)).toThrow(/keys/);
});
