import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";

let root: string;
let disk: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "own-folder-"));
  disk = join(root, "disk");
  await mkdir(disk);
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function build(end: "well" | "in error" | "killed"): Promise<string> {
  const script = join(import.meta.dirname, "../support/build-process.ts");
  const env = { ...process.env, TMPDIR: disk };
  const { stdout } = await promisify(execFile)(process.execPath, [script, join(root, "data"), end], { env });
  return JSON.parse(stdout);
}

test.each(["well", "in error"] as const)(
  "builds that end %s leave nothing on the temporary disk",
  async (end) => {
    expect(await build(end)).toBe(disk);
    expect(await readdir(disk)).toEqual([]);
  },
);

test("what a build leaves that was killed goes with the next process", async () => {
  await expect(build("killed")).rejects.toMatchObject({ signal: "SIGKILL" });
  expect(await readdir(disk)).toEqual([expect.stringMatching(/^lance-\d+-own$/)]);
  await build("well");
  expect(await readdir(disk)).toEqual([]);
});
