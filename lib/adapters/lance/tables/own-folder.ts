import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sweepOnce } from "../copy-folder.ts";

const folderOn = (disk: string) => join(disk, `lance-${process.pid}-own`);

/** How much is under way there, and what the environment said before. */
let users = 0;
let underWay: { folder: string; before: string | undefined } | undefined;
let removed = 0;
const folders = new Set<string>();

/**
 * Connects or builds with a temporary disk that is a folder named for this process; LanceDB asks the environment for it.
 * Of every build it leaves the vectors that it shuffled into partitions, on a disk that a function keeps from job to job:
 * they go when nothing is under way, and all of it with the next process where this one was killed. The folder stays as
 * long as the process: LanceDB goes on to sort in it.
 */
export async function inOwnFolder<T>(work: () => Promise<T>): Promise<T> {
  if (!underWay) await sweepOnce(tmpdir());
  enter();
  try {
    return await work();
  } finally {
    await leave();
  }
}

function enter(): void {
  users += 1;
  if (underWay) return;
  const folder = folderOn(tmpdir());
  mkdirSync(folder, { recursive: true });
  if (folders.size === 0) process.once("exit", removeFolders);
  folders.add(folder);
  underWay = { folder, before: process.env["TMPDIR"] };
  process.env["TMPDIR"] = folder;
}

async function leave(): Promise<void> {
  users -= 1;
  if (users > 0 || !underWay) return;
  const { folder, before } = underWay;
  underWay = undefined;
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  await removeShuffled(folder);
}

/** Renamed at once, so that a build which begins meanwhile loses nothing. What is sorted in has no such names. */
async function removeShuffled(folder: string): Promise<void> {
  const left = filesIn(folder).filter((name) => filesIn(join(folder, name)).some(isShuffled));
  const gone = left.map((name) => {
    const to = join(folder, `gone-${removed++}`);
    renameSync(join(folder, name), to);
    return to;
  });
  await Promise.allSettled(gone.map((path) => rm(path, { recursive: true, force: true })));
}

const isShuffled = (name: string) => name.startsWith("shuffle_");

function filesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // a file, or gone by itself
  }
}

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
