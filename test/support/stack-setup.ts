import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { cacheFolder } from "../../scripts/stack/folders.ts";
import { StackUnavailable } from "../../scripts/stack/stack-unavailable.ts";
import { startStack } from "../../scripts/stack/start-stack.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The run folder of the tests' stack; "" when there is none. */
    stackRun: string;
    /** Why there is none: what to install. */
    stackUnavailable: string;
  }
}

/**
 * One stack for the tests that need it, on free ports and with data of its own, gone afterwards: for those of stores the
 * stores alone. STACK_RUN names the run folder of one that is up, to write tests against it without waiting for a new
 * one each time.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const standing = process.env["STACK_RUN"];
  if (standing) {
    project.provide("stackRun", resolve(standing));
    project.provide("stackUnavailable", "");
    return async () => undefined;
  }
  mkdirSync(cacheFolder, { recursive: true });
  const run = mkdtempSync(join(cacheFolder, "test-"));
  const guard = startGuard(run);
  const reason = await start(run, project.name).catch(async (error) => {
    await endByGuard(guard);
    throw error;
  });
  project.provide("stackRun", reason ? "" : run);
  project.provide("stackUnavailable", reason);
  return () => endByGuard(guard);
}

/** @returns why this machine cannot have a stack, or "". @throws when it could have one, and it does not start */
async function start(run: string, project: string): Promise<string> {
  try {
    console.log(`Starting the stack for test/${project} ...`);
    // as processes: tests end them one by one
    const report = (line: string) => console.log(`  ${line}`);
    await startStack({ run, processes: true, bare: project === "store", report });
    return "";
  } catch (error) {
    if (error instanceof StackUnavailable) return error.message;
    throw error;
  }
}

/** A process that ends the stack when this one does, however it does: its input ends then. */
function startGuard(run: string): ChildProcess {
  return spawn(process.execPath, [resolve(import.meta.dirname, "stack-guard.ts"), run], {
    detached: true,
    stdio: ["pipe", "ignore", "inherit"],
  });
}

async function endByGuard(guard: ChildProcess): Promise<void> {
  if (guard.exitCode !== null) return;
  const ended = once(guard, "exit");
  guard.stdin?.end();
  const [code] = await ended;
  if (code !== 0) throw new Error("the tests' stack was not ended");
}
