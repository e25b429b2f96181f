import { expect, test } from "vitest";
import { z } from "zod";
import { limits } from "../../lib/config/limits.ts";
import type { DomainError } from "../../lib/domain/errors.ts";
import { validate } from "../../lib/domain/validate.ts";

const schema = z.strictObject({
  k: z.int().default(10),
  nested: z.array(z.strictObject({ name: z.string() })).optional(),
});

function issuesOf(input: unknown, root: string) {
  try {
    validate(schema, input, root);
    return [];
  } catch (error) {
    expect(error).toMatchObject({ kind: "BadRequest" });
    return (error as DomainError).issues;
  }
}

test("what fits is what the schema makes of it", () => {
  expect(validate(schema, { nested: [{ name: "a" }] }, "body")).toEqual({ k: 10, nested: [{ name: "a" }] });
});

test("every problem is told where it stands, as the input has it", () => {
  const input = { k: "x", nested: [{ name: "a" }, { name: 1, other: 2, more: 3 }], unknown: 1 };
  expect(issuesOf(input, "body").map(({ path }) => path)).toEqual([
    "body.k",
    "body.nested[1].name",
    "body.nested[1].other",
    "body.nested[1].more",
    "body.unknown",
  ]);
  expect(issuesOf({ unknown: 1 }, "")).toEqual([{ path: "unknown", message: "unknown field" }]);
  expect(issuesOf(3, "body").map(({ path }) => path)).toEqual(["body"]);
  expect(issuesOf(3, "").map(({ path }) => path)).toEqual(["(root)"]);
});

test("of a long key only the beginning is told", () => {
  const [issue] = issuesOf({ ["x".repeat(10_000)]: 1 }, "");
  expect(issue?.path).toHaveLength(limits.maxListedNameLength);
});
