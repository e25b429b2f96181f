import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../scripts/stack/run-command.ts";
import { findPython } from "./find-python.ts";

const installTimeoutMs = 10 * 60_000;

/**
 * A Python with the packages of a list and no others, in a folder of its own; made at the first use and when the list changes.
 * @param folder absolute or from the working directory
 * @returns its interpreter
 * @throws when no Python fits, or the packages cannot be installed
 */
export async function pythonEnvironment(folder: string, requirements: string): Promise<string> {
  const wanted = readFileSync(requirements, "utf8");
  const proof = join(folder, "installed.txt");
  const environment = join(folder, "venv");
  const python = join(environment, "bin", "python");
  if (existsSync(proof) && readFileSync(proof, "utf8") === wanted) return python;
  await rm(environment, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const log = join(folder, "install.log");
  const step = (command: string, args: string[]) =>
    runCommand({ command, args, environment: process.env, cwd: process.cwd(), log }, installTimeoutMs);
  await step(await findPython(), ["-m", "venv", environment]);
  await step(python, ["-m", "pip", "install", "--no-deps", "-r", requirements]);
  await writeFile(proof, wanted);
  return python;
}
