import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { HttpClient } from "../support/http-client.ts";
import { theStack } from "../support/stack.ts";

test("the demo runs its job through Step Functions, on MinIO, and reaches its recall", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["scripts/demo.ts", "--stack"], {
    env: { ...process.env, STACK_RUN: theStack().run },
    timeout: 110_000,
  });
  expect(stdout).toMatch(/load 10,000 of 10,000 rows/);
  expect(stdout).toMatch(/recall@10 over 100 queries against the exact neighbours: (0\.9[5-9]|1\.0)/);
  expect(stdout).toContain("npm run stack:down");
  const http = new HttpClient(theStack().endpoints.http);
  expect((await http.call("getIndex", { index: "words" })).body.published.bucket).toBe("primary");
  expect((await http.call("dropIndex", { index: "words" })).status).toBe(204);
});
