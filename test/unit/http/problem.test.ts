import { expect, test } from "vitest";
import type { ErrorKind } from "../../../lib/domain/error-table.ts";
import { DomainError } from "../../../lib/domain/errors.ts";
import { problemResponse } from "../../../lib/http/problem.ts";

test.each<[ErrorKind, string | undefined]>([
  ["TooBusy", "1"],
  ["TooManyRequests", "1"],
  ["TooManyUnindexed", "60"],
  ["NeedsNewerRelease", undefined],
  ["BadRequest", undefined],
])("%s is to be sent again after %s seconds", (kind, seconds) => {
  expect(problemResponse(new DomainError(kind, "detail"), "id").headers["retry-after"]).toBe(seconds);
});
