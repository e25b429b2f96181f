import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../is-alive.ts";

/** A folder of a process on the temporary disk: a copy, or what builds work in. */
const folderName = /^(?:generation|lance)-(\d+)-/;

/** By disk: nobody makes a copy while copies are swept. */
const sweeps = new Map<string, Promise<void>>();

/**
 * A new folder on the temporary disk, named for this process. Before the first one those go that processes which have
 * ended left behind: a function that ran into its time limit or out of memory begins again on the same disk.
 */
export async function newCopyFolder(): Promise<string> {
  const disk = tmpdir();
  await sweepOnce(disk);
  return mkdtemp(join(disk, `generation-${process.pid}-`));
}

/** To be awaited before this process makes a folder there. */
export async function sweepOnce(disk: string): Promise<void> {
  const sweep = sweeps.get(disk) ?? sweepCopies(disk, process.pid);
  sweeps.set(disk, sweep);
  await sweep;
}

/** @param own id of this process, which has made no folder yet: what is named for it, an earlier one with its id left */
export async function sweepCopies(disk: string, own: number): Promise<void> {
  const left = (await readdir(disk)).filter((name) => {
    const owner = Number(folderName.exec(name)?.[1] ?? Number.NaN);
    return owner === own || (owner > 0 && !isAlive(owner));
  });
  const removals = left.map((name) => rm(join(disk, name), { recursive: true, force: true }));
  await Promise.allSettled(removals); // another user's stay
}
