import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { outputOf } from "../scripts/stack/run-command.ts";

const askTimeoutMs = 5_000;
const leastMinor = 12; // of the pinned numpy

/**
 * The first Python 3.12 or newer that can make virtual environments: `$PYTHON`, those on the path, those of pyenv.
 * @throws when there is none
 */
export async function findPython(): Promise<string> {
  const asked = process.env["PYTHON"];
  const named = [14, 13, 12].map((minor) => `python3.${minor}`);
  for (const python of asked ? [asked] : [...named, ...pyenvPythons(), "python3"])
    if (await isFit(python)) return python;
  throw new Error(`Python 3.${leastMinor} or newer with venv and pip is needed; PYTHON can name it`);
}

async function isFit(python: string): Promise<boolean> {
  const question = `import sys, venv, ensurepip; print(sys.version_info >= (3, ${leastMinor}))`;
  return (await outputOf(python, ["-c", question], askTimeoutMs))?.trim() === "True";
}

function pyenvPythons(): string[] {
  const versions = join(process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv"), "versions");
  try {
    const found = readdirSync(versions).filter((version) => /^3\.1[2-9]/.test(version));
    return found
      .sort()
      .reverse()
      .map((version) => join(versions, version, "bin/python3"));
  } catch {
    return [];
  }
}
