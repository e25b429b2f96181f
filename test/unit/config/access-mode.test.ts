import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { accessMode, isBehindGateway } from "../../../lib/config/access-mode.ts";
import { readEnvironment } from "../../../lib/config/environment.ts";

const { here, deployed } = createRequire(import.meta.url)("../../../deploy/access.cjs") as {
  here(asked: string, host: string): string;
  deployed(asked: string, issuer: string, audience: string): string;
};
const lambda = { AWS_LAMBDA_FUNCTION_NAME: "search" };
const tokens = {
  LAKEHOUSE_AUTH: "jwt",
  LAKEHOUSE_JWT_ISSUER: "https://issuer.example/",
  LAKEHOUSE_JWT_AUDIENCE: "one, two",
};

test.each([
  ["open", {}],
  ["open", { LAKEHOUSE_AUTH: "" }],
  ["keys", { LAKEHOUSE_AUTH: "keys" }],
  ["keys", { ...lambda, LAKEHOUSE_AUTH: "keys" }],
  ["iam", { ...lambda, LAKEHOUSE_AUTH: "iam" }],
  ["jwt", tokens],
  ["jwt", { ...lambda, ...tokens, LAKEHOUSE_JWT_CLAIM: "groups" }],
  ["jwt", { ...tokens, LAKEHOUSE_JWT_ISSUER: "http://127.0.0.1:8080/realms/one" }],
  ["open", { ...lambda, LAKEHOUSE_AUTH: "open", AWS_ENDPOINT: "http://127.0.0.1:9000" }],
  ["open", { ...lambda, LAKEHOUSE_AUTH: "open", IS_OFFLINE: "true" }],
])("access is %s with %j", (mode, variables) => {
  expect(accessMode(readEnvironment(variables))).toBe(mode);
});

test.each([
  lambda,
  { ...lambda, LAKEHOUSE_AUTH: "open" },
  { ...lambda, AWS_ENDPOINT: "http://127.0.0.1:9000" },
  { ...tokens, ...lambda, LAKEHOUSE_JWT_ISSUER: "" },
  { ...tokens, ...lambda, LAKEHOUSE_JWT_AUDIENCE: "" },
  { ...tokens, ...lambda, LAKEHOUSE_JWT_AUDIENCE: "one,," },
  { ...tokens, ...lambda, LAKEHOUSE_JWT_CLAIM: "sub" },
  ...["http://issuer.example", "http://127.0.0.1.example.com", "issuer", "https://u:p@issuer.example"].map(
    (issuer) => ({
      ...tokens,
      ...lambda,
      LAKEHOUSE_JWT_ISSUER: issuer,
    }),
  ),
])("a function on AWS does not start with %j", (variables) => {
  expect(() => accessMode(readEnvironment(variables))).toThrow(/LAKEHOUSE_(AUTH|JWT)/);
});

test.each([{}, { ...lambda, IS_OFFLINE: "true" }])("nobody checks signatures with %j", (variables) => {
  expect(() => accessMode(readEnvironment({ ...variables, LAKEHOUSE_AUTH: "iam" }))).toThrow(/API Gateway/);
});

test("only API Gateway is taken at its word of who asks", () => {
  const stands = (more: object) => isBehindGateway(readEnvironment({ ...tokens, ...more }));
  expect(stands(lambda)).toBe(true);
  expect(stands({})).toBe(false);
  expect(stands({ ...lambda, IS_OFFLINE: "true" })).toBe(false);
  expect(stands({ ...lambda, AWS_ENDPOINT: "http://127.0.0.1:9000" })).toBe(false);
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
  ["jwt", "jwt", "127.0.0.1"],
  ["jwt", "jwt", "0.0.0.0"],
])("the development server is served %s, asked for %j at %s", (mode, asked, host) => {
  expect(here(asked, host)).toBe(mode);
});

test("what is deployed serves who has a key, signs, or has a token of an issuer", () => {
  for (const mode of ["keys", "iam"]) expect(deployed(mode, "", "")).toBe(mode);
  expect(deployed("jwt", "https://issuer.example", "one")).toBe("jwt");
});

test.each([
  ["open", "https://issuer.example", "one"],
  ["", "", ""],
  ["jwt", "", "one"],
  ["jwt", "http://issuer.example", "one"],
  ["jwt", "https://issuer.example", ""],
])("nothing is deployed with auth=%s of issuer %j for %j", (...asked) => {
  expect(() => deployed(...asked)).toThrow(/auth/);
});

test.each(["0.0.0.0", "127.0.0.1"])("nobody checks signatures at %s", (host) => {
  expect(() => here("iam", host)).toThrow(/signatures/);
});

test.each(["0.0.0.0", "127.0.0.1.example.com", "::", "10.0.0.1"])("it is not open at %s", (host) => {
  expect(() => here("open", host)).toThrow(/keys/);
});
