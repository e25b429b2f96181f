import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Drafts } from "../../../lib/adapters/store/drafts.ts";
import { LocalStore } from "../../../lib/adapters/store/local-store.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drafts-"));
});
afterEach(() => rm(folder, { recursive: true }));

const body = Uint8Array.of(1);
const drafts = async () => (await readdir(folder)).filter((name) => name.endsWith(".tmp"));

/** As a process leaves it that was killed while it wrote. */
async function leftBy(pid: number): Promise<void> {
  const path = await new Drafts().write(folder, body);
  const name = path.replace(`-${process.pid}-`, `-${pid}-`);
  await writeFile(name, body);
  if (name !== path) await rm(path);
}

const deadPid = () => spawnSync(process.execPath, ["-e", ""]).pid;

test("the draft of a process that was killed is not listed, and goes with the next write to its folder", async () => {
  await leftBy(deadPid());
  const store = new LocalStore(folder);
  expect(await store.list("")).toEqual([]);
  expect(await drafts()).toHaveLength(1);
  await store.put("a", body);
  expect(await drafts()).toEqual([]);
});

test("it goes, too, where nothing is written any more because it is there", async () => {
  const store = new LocalStore(folder);
  await store.put("a", body, { ifNoneMatch: "*" });
  const chain = join(folder, ".a.v");
  await writeFile(join(chain, ".6a1e3c1e-0000-4000-8000-000000000000.tmp"), body);
  await utimes(join(chain, ".6a1e3c1e-0000-4000-8000-000000000000.tmp"), 0, 0);
  await expect(new LocalStore(folder).put("a", body, { ifNoneMatch: "*" })).rejects.toMatchObject({
    kind: "Conflict",
  });
  expect(await readdir(chain)).toEqual(["1"]);
});

test("drafts of processes that run stay, and those of unknown ones while they are young", async () => {
  await leftBy(process.pid);
  await leftBy(process.ppid);
  await writeFile(join(folder, ".6a1e3c1e-0000-4000-8000-000000000000.tmp"), body);
  await new LocalStore(folder).put("a", body);
  expect(await drafts()).toHaveLength(3);
});
