import { expect, test } from "vitest";
import { DomainError } from "../../lib/domain/errors.ts";
import { loggedError } from "../../lib/logged-error.ts";

const secret = /sesame|0\.12345|4711/;

test.each([
  "Error during planning: doc_id = 'it''s sesame' AND x IN ('sesame')",
  'Cannot cast string "sesame" to value of Int32 type',
  "can't cast value 4711 to type Int8",
  "query vector [0.12345, 1.0, -2e-3] is of another length",
  "unterminated 'sesame",
  'unterminated "sesame',
])("a library's message is logged without what it was given: %s", (message) => {
  const error = new DomainError("Internal", "LanceDB failed", { cause: new Error(message) });
  const logged = loggedError(error);
  expect(logged).toMatchObject({ name: "Internal", message: "LanceDB failed", cause: { name: "Error" } });
  expect(logged.stack).toMatch(/^\s+at /);
  expect(JSON.stringify(logged)).not.toMatch(secret);
});

test("a stored document that is not JSON is not logged by its text", () => {
  let thrown: unknown;
  try {
    JSON.parse('{"id": sesame "0.12345"}');
  } catch (error) {
    thrown = error;
  }
  expect(JSON.stringify(loggedError(thrown))).not.toMatch(secret);
});

test("what a caller was told of its own mistake is not logged", () => {
  const issues = [{ path: "sesame.parquet", message: "document id sesame is there twice" }];
  const error = new DomainError("SourceInvalid", "sesame is there twice", { issues });
  expect(loggedError(new DomainError("Internal", "a task failed", { cause: error }))).toMatchObject({
    cause: { name: "SourceInvalid", message: "source-invalid" },
  });
  expect(JSON.stringify(loggedError(error))).not.toMatch(secret);
});

test("whatever is thrown is bounded", () => {
  const circle = new Error("x".repeat(1_000_000));
  circle.cause = circle;
  expect(JSON.stringify(loggedError(circle)).length).toBeLessThan(40_000);
  expect(loggedError("sesame")).toEqual({ name: "string", message: "thrown, and no error" });
});
