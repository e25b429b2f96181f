import { execFile } from "node:child_process";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";

const run = promisify(execFile);
const support = join(import.meta.dirname, "../support");

let lakehouse: Lakehouse;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  await mkdir(lakehouse.source, { recursive: true });
});
afterAll(() => lakehouse.remove());

/** Writes 100,000 vectors of 768 dimensions, 307 MB, and loads them, each in a process of its own. */
async function loadLarge(name: string, group: number) {
  const path = join(lakehouse.source, name);
  const size = { path, rows: 100_000, dimension: 768, group };
  const options = Object.entries(size).flatMap(([key, value]) => [`--${key}`, String(value)]);
  await run(process.execPath, [join(support, "large-parquet.ts"), ...options]);
  expect((await stat(path)).size).toBeGreaterThan(300_000_000);
  const job = { type: "migrate", index: `group-${group}`, source: `source/${name}` };
  const env = { ...process.env, ...lakehouse.environment };
  const { stdout } = await run(process.execPath, [join(support, "load-process.ts"), JSON.stringify(job)], {
    env,
  });
  return JSON.parse(stdout);
}

test.each([
  [10_000, 10],
  [100_000, 10],
])(
  "a file of 307 MB in row groups of %i rows is loaded within 1 GB of memory",
  async (group, units) => {
    const loaded = await loadLarge("large.parquet", group);
    expect(loaded).toMatchObject({ sealed: true, rows: 100_000 });
    expect(loaded.units).toBeGreaterThanOrEqual(units);
    expect(loaded.peakBytes).toBeLessThan(1_073_741_824);
  },
  120_000,
);
