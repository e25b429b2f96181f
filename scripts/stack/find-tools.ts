import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { outputOf } from "./run-command.ts";

const askTimeoutMs = 5_000;

/** Whether a Docker engine answers and its client knows `compose`. */
export async function hasDocker(): Promise<boolean> {
  const engine = await outputOf("docker", ["info", "--format", "{{.ServerVersion}}"], askTimeoutMs);
  return (
    Boolean(engine?.trim()) && (await outputOf("docker", ["compose", "version"], askTimeoutMs)) !== undefined
  );
}

export async function hasGo(): Promise<boolean> {
  return (await outputOf("go", ["version"], askTimeoutMs)) !== undefined;
}

/** A Python 3.13 that can make virtual environments: `$PYTHON313`, one on the path, one of pyenv. */
export async function findPython(): Promise<string | undefined> {
  const asked = process.env["PYTHON313"];
  for (const python of asked ? [asked] : ["python3.13", ...pyenvPythons(), "python3"])
    if (await isPython313(python)) return python;
  return undefined;
}

async function isPython313(python: string): Promise<boolean> {
  const question = "import sys, venv, ensurepip; print(sys.version_info[:2] == (3, 13))";
  return (await outputOf(python, ["-c", question], askTimeoutMs))?.trim() === "True";
}

function pyenvPythons(): string[] {
  const versions = join(process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv"), "versions");
  try {
    const found = readdirSync(versions).filter((version) => version.startsWith("3.13"));
    return found.map((version) => join(versions, version, "bin/python3"));
  } catch {
    return [];
  }
}
