import { createHash, randomUUID } from "node:crypto";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./folders.ts";
import { withLock } from "./lock.ts";
import { StackUnavailable } from "./stack-unavailable.ts";

const buildTimeoutMs = 20 * 60_000;

export interface Build {
  name: string;
  /** All that decides the result: other pins give another folder, so that an old one is never taken for it. */
  pins: string[];
  /** A file of the result, by which it is whole. */
  proof: string;
  build(folder: string): Promise<void>;
}

/** The folder of something that is built once. It is built aside and renamed: half of it is never found. */
export async function buildOnce(build: Build): Promise<string> {
  const folder = builtFolder(build);
  const isWhole = () => existsSync(join(folder, build.proof));
  if (isWhole()) return folder;
  await withLock(`${folder}.lock`, buildTimeoutMs, async () => {
    if (!isWhole()) await buildAside(build, folder); // another process may have, while this one waited
  });
  return folder;
}

export function isBuilt(build: Build): boolean {
  return existsSync(join(builtFolder(build), build.proof));
}

function builtFolder({ name, pins }: Build): string {
  return join(
    cacheFolder,
    `${name}-${createHash("sha256").update(pins.join("\0")).digest("hex").slice(0, 12)}`,
  );
}

async function buildAside({ name, build }: Build, folder: string): Promise<void> {
  const aside = `${folder}.${randomUUID().slice(0, 8)}`;
  try {
    await build(aside);
    rmSync(folder, { recursive: true, force: true });
    renameSync(aside, folder);
  } catch (error) {
    throw new StackUnavailable(`${name} could not be built: ${(error as Error).message}`, { cause: error });
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
