import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const page = await readFile("docs/guarantees.md", "utf8");
const promises = page
  .slice(0, page.indexOf("## What is not"))
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (\||---)/.test(line));

test("each guarantee has a test, which is there by that name and is no test of long runs alone", async () => {
  expect(promises.length).toBeGreaterThan(30);
  for (const promise of promises) {
    const [, title, path] = /"([^"]+)" \(\[test\]\((.+)\)\) \|$/.exec(promise) ?? [];
    expect(path, promise).toMatch(/^\.\.\/test\/(unit|integration|store|stack|support)\//);
    expect(await readFile(join("docs", path ?? ""), "utf8"), promise).toContain(title ?? promise);
  }
});
