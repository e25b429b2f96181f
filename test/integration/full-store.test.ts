import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const megabytes = 6;
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

/** In a mount namespace of its own: the disk goes with the process. */
async function onSmallDisk() {
  const data = join(root, "data");
  const script = join(import.meta.dirname, "../support/full-store-process.ts");
  const mount = `mount -t tmpfs -o size=${megabytes}m tmpfs "$1" && exec "$0" "$2" "$1"`;
  const privileged = process.getuid?.() === 0 ? ["-m"] : ["-r", "-m"];
  const { stdout } = await promisify(execFile)(
    "unshare",
    [...privileged, "sh", "-c", mount, process.execPath, data, script],
    {
      env: {
        ...process.env,
        LAKEHOUSE_TOML: join(root, "lakehouse.toml"),
        DATA_ROOT: data,
        RETIRE_AFTER_MS: "0",
      },
    },
  );
  return JSON.parse(stdout);
}

test("a full disk is one job's: it says so, what is served goes on, and what was built goes when it can", async () => {
  const told = await onSmallDisk();
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
