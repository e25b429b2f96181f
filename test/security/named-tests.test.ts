import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const security = await readFile("SECURITY.md", "utf8");

test("each of OWASP's ten is named with its tests, which are there and run in CI", async () => {
  const rows = security.split("\n").filter((line) => /^\| API\d+ /.test(line));
  expect(rows.map((row) => Number(/API(\d+)/.exec(row)?.[1]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (const [i, row] of rows.entries()) {
    const files = [...row.matchAll(/\((test\/[^)]+)\)/g)].map(([, file]) => file ?? "");
    expect(files[0]).toMatch(new RegExp(`^test/security/api${i + 1}-`));
    for (const file of files) {
      expect(existsSync(file), file).toBe(true);
      expect(file).not.toMatch(/^test\/(long|stack)\//);
    }
  }
});

test("every test of the folder is named there", async () => {
  for (const file of await readdir("test/security"))
    if (file !== "named-tests.test.ts") expect(security).toContain(`test/security/${file}`);
});
