import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { identityOf, isRunning, processIdentity } from "./process-identity.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * Runs something while no other process does. A lock whose owner is gone is taken over.
 * @throws when another process holds it for longer than the timeout
 */
export async function withLock<T>(file: string, timeoutMs: number, run: () => Promise<T>): Promise<T> {
  const content = JSON.stringify(identityOf(process.pid));
  const taken = await waitUntil(() => tryTake(file, content) || undefined, timeoutMs);
  if (!taken)
    throw new Error(`${file} is held by process ${ownerOf(file)?.pid} for more than ${timeoutMs} ms`);
  try {
    return await run();
  } finally {
    rmSync(file, { force: true });
  }
}

/** A lock is there with its owner's name or not at all: the file is written aside and linked. */
function tryTake(file: string, content: string): boolean {
  mkdirSync(dirname(file), { recursive: true });
  const aside = `${file}.${randomUUID()}`;
  try {
    writeFileSync(aside, content);
    linkSync(aside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    removeAbandoned(file);
    return false;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Renamed before it is looked at again: of two processes that find it abandoned, one removes it. */
function removeAbandoned(file: string): void {
  const owner = ownerOf(file);
  if (!owner || isRunning(owner)) return;
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
    if (ownerOf(aside)?.pid !== owner.pid) linkSync(aside, file); // a living one took it meanwhile
  } catch {
    // another process was faster
  } finally {
    rmSync(aside, { force: true });
  }
}

function ownerOf(file: string) {
  try {
    return processIdentity.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}
