import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { storesFor } from "../../lib/adapters/store/stores.ts";
import { limits } from "../../lib/config/limits.ts";
import { Buckets } from "../../lib/domain/bucket.ts";
import { asDomainError, badRequest, DomainError, type Issue, summaryOf } from "../../lib/domain/errors.ts";
import { JobLedger } from "../../lib/domain/jobs/job-ledger.ts";
import { clipped, listed, visible } from "../../lib/domain/listed.ts";
import { jobOperations } from "../../lib/http/operations/jobs.ts";
import { parseRequest } from "../../lib/http/parse-request.ts";
import { problemResponse } from "../../lib/http/problem.ts";

const issues = (count: number, length = 5): Issue[] =>
  Array.from({ length: count }, (_, i) => ({ path: `body.field${i}`, message: "x".repeat(length) }));

test("an error says its first issues, and how many there are beside them", () => {
  const error = badRequest(issues(200_000), 7);
  expect(error.issues).toEqual(issues(limits.maxIssues));
  expect(error.shownIssues).toHaveLength(limits.maxIssues + 1);
  expect(error.shownIssues.at(-1)).toEqual({ path: "", message: `and ${200_007 - limits.maxIssues} more` });
  expect(error.message).toMatch(/^200007 problems: body\.field0: xxxxx; .*; and 200002 more$/);
});

test("one problem alone is said as it is", () => {
  const [issue] = issues(1);
  expect(badRequest(issue as Issue)).toMatchObject({ message: "body.field0: xxxxx", shownIssues: [issue] });
});

test("however long what is said is, an answer and what is kept of a job have a bound", () => {
  const long: Issue[] = issues(50, 1_000_000).map((issue) => ({ ...issue, path: "p".repeat(1_000_000) }));
  const error = new DomainError("SourceInvalid", summaryOf(long), { issues: long });
  expect(problemResponse(error, "id").body.length).toBeLessThan(40_000);
  expect(new DomainError("BadRequest", "x".repeat(1_000_000)).message).toHaveLength(limits.maxDetailLength);
});

test("a text that is cut stays well-formed", () => {
  const half = `${"x".repeat(limits.maxDetailLength - 4)}😀😀`;
  expect(new DomainError("BadRequest", half).message.isWellFormed()).toBe(true);
});

test("names are listed with a count of those left out", () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `c${i}`);
  expect(listed(names)).toBe(`${names.slice(0, limits.maxListedNames).join(", ")} and 99980 more`);
  expect(listed(["a", "b"])).toBe("a, b");
  expect(listed(["n".repeat(300)])).toHaveLength(limits.maxListedNameLength);
});

test("a text is cut only where it is longer, and what nobody sees of it is escaped", () => {
  expect([clipped("abcdef", 6), clipped("abcdefg", 6)]).toEqual(["abcdef", "abc..."]);
  expect(visible("a\n\u00adb\u2028ü😀")).toBe("a\\u000a\\u00adb\\u2028ü😀");
  expect(visible("\u{e0041}")).toBe("\\udb40\\udc41");
  expect(listed(["a\u200b"])).toBe("a\\u200b");
});

test.each(["ENOSPC", "EDQUOT"])("a full disk (%s) is said as such, whatever wrote to it", (code) => {
  const cause = Object.assign(new Error("write failed"), { code });
  expect(asDomainError(cause)).toMatchObject({
    ...{ kind: "StoreFull", cause, isShown: true },
    message: "no room is left in the store or on its disk; what was written of this is removed",
  });
});

test.each([
  new Error("x"),
  Object.assign(new Error("x"), { code: "ENOENT" }),
  { code: "ENOSPC" },
  "ENOSPC",
  null,
  undefined,
])("what is not known is internal, and kept as the cause: %o", (cause) => {
  const error = asDomainError(cause);
  expect(error).toMatchObject({
    kind: "Internal",
    name: "Internal",
    message: "unexpected error",
    isShown: false,
  });
  expect(error.cause).toBe(cause);
});

test("an error of ours stays what it is", () => {
  const ours = new DomainError("TooBusy", "x");
  expect(asDomainError(ours)).toBe(ours);
});

test.each([
  ["BadRequest", "bad-request", 400, false, true],
  ["ClientGone", "client-gone", 499, false, true],
  ["Internal", "internal", 500, true, false],
  ["StoreUnavailable", "store-unavailable", 503, true, false],
  ["StoreCredentialsExpired", "store-credentials-expired", 503, true, true],
] as const)("what %s says of itself is what the table has", (kind, code, status, retryable, isShown) => {
  expect(new DomainError(kind, "x")).toMatchObject({ kind, name: kind, code, status, retryable, isShown });
});

test("130,000 unknown fields are counted, those of path and query with them", () => {
  const unknown = Object.fromEntries(Array.from({ length: 130_000 }, (_, i) => [`k${i}`, 1]));
  const body = { type: "optimize", index: "words", ...unknown };
  const event = { body, queryStringParameters: { a: "1" }, headers: {} };
  expect(() => parseRequest(jobOperations.startJob, event as never)).toThrow(
    /^130001 problems: query\.a: unknown field; body\.k0: unknown field; .*; and 129996 more$/,
  );
});

test("what was kept of a failed job before errors had a bound is answered with one", async () => {
  const root = await mkdtemp(join(tmpdir(), "errors-"));
  const bucket = { name: "primary", backend: "local" as const, root, readOnly: false };
  const store = storesFor(new Buckets([bucket]))("primary");
  const ledger = new JobLedger(store, { now: () => 0 });
  const failure = { code: "source-invalid", message: "x".repeat(100_000), issues: issues(5_000, 10_000) };
  await ledger.write("job-a", "failure", failure);
  const read = await ledger.failure("job-a");
  expect(JSON.stringify(read).length).toBeLessThan(40_000);
  await rm(root, { recursive: true });
});
