import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sweepCopies } from "../../lib/adapters/lance/copy-folder.ts";

let disk: string;

beforeEach(async () => {
  disk = await mkdtemp(join(tmpdir(), "copies-"));
});

afterEach(() => rm(disk, { recursive: true, force: true }));

test("copies of processes that have ended go, those of others and other folders stay", async () => {
  const { pid: ended } = spawnSync(process.execPath, ["--version"]);
  const own = 4_194_303; // of an earlier process with the same id
  const folders = [
    `generation-${ended}-a`,
    `generation-${own}-b`,
    `generation-${process.pid}-c`,
    "generation-x",
    "d",
  ];
  for (const name of folders) await mkdir(join(disk, name, "g1.lance"), { recursive: true });
  await sweepCopies(disk, own);
  expect((await readdir(disk)).sort()).toEqual([`generation-${process.pid}-c`, "d", "generation-x"].sort());
});
