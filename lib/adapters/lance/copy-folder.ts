import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../is-alive.ts";

/** Folder and process of a copy. */
const copyName = /^generation-(\d+)-/;

/** By disk: nobody makes a copy while copies are swept. */
const sweeps = new Map<string, Promise<void>>();

/**
 * A new folder on the temporary disk, named for this process. Before the first one those go that processes which have
 * ended left behind: a function that ran into its time limit or out of memory begins again on the same disk.
 */
export async function newCopyFolder(): Promise<string> {
  const disk = tmpdir();
  const sweep = sweeps.get(disk) ?? sweepCopies(disk, process.pid);
  sweeps.set(disk, sweep);
  await sweep;
  return mkdtemp(join(disk, `generation-${process.pid}-`));
}

/** @param own id of this process, which has made no copy yet: what is named for it, an earlier one with its id left */
export async function sweepCopies(disk: string, own: number): Promise<void> {
  const left = (await readdir(disk)).filter((name) => {
    const owner = Number(copyName.exec(name)?.[1] ?? Number.NaN);
    return owner === own || (owner > 0 && !isAlive(owner));
  });
  const removals = left.map((name) => rm(join(disk, name), { recursive: true, force: true }));
  await Promise.allSettled(removals); // another user's stay
}
