import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { onSmallDisk } from "../support/small-disk.ts";

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "full-store-"));
  await mkdir(join(root, "data"));
  await writeParquetFile(join(root, "source", "small", "part.parquet"), sampleRows(300));
  await writeParquetFile(join(root, "source", "large", "part.parquet"), sampleRows(30_000, 64));
  const bucket = `[[storage.buckets]]\nname = "source"\npath = ${JSON.stringify(join(root, "source"))}\n`;
  await writeFile(join(root, "lakehouse.toml"), bucket);
});

afterAll(() => rm(root, { recursive: true, force: true }));

test("a full disk is one job's: it says so, what is served goes on, and what was built goes when it can", async () => {
  const disk = join(root, "data");
  const env = { LAKEHOUSE_TOML: join(root, "lakehouse.toml"), DATA_ROOT: disk, RETIRE_AFTER_MS: "0" };
  const told = await onSmallDisk("full-store-process.ts", { disk, megabytes: 6, env });
  expect(told.small).toBe("succeeded");
  expect(told.large).toMatchObject({ state: "failed", error: { code: "store-full", phase: "load" } });
  expect(told.draftsAfterLarge).toEqual([]);
  expect(told.whileFull).toEqual({
    code: "store-full",
    searched: 3,
    refused: "store-full",
    after: { state: "failed", code: "store-full" },
  });
  expect(told.retried).toBe("succeeded");
});
