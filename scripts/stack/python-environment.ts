import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Build } from "./build-once.ts";
import { findPython } from "./find-tools.ts";
import { cacheFolder, project } from "./folders.ts";
import { runCommand } from "./run-command.ts";
import { StackUnavailable } from "./stack-unavailable.ts";

const installTimeoutMs = 10 * 60_000;

/** Python packages in an environment of their own, of a list that pins each. */
export function pythonEnvironment(name: string, requirements: string): Build {
  return {
    name,
    pins: [readFileSync(requirements, "utf8")],
    proof: "bin/python",
    build: async (folder) => {
      const base = await findPython();
      if (!base) throw new StackUnavailable("Python 3.13 is not there");
      await runPython(name, base, ["-m", "venv", folder]);
      const pip = ["-m", "pip", "install", "--no-cache-dir", "--quiet", "-r", requirements];
      await runPython(name, join(folder, "bin/python"), pip);
    },
  };
}

/** Its output goes to the log of what it builds. */
export async function runPython(name: string, command: string, args: string[]): Promise<void> {
  const tmp = join(cacheFolder, "tmp");
  mkdirSync(tmp, { recursive: true });
  const { PYTHONDONTWRITEBYTECODE: _, PYTHONPATH: __, ...inherited } = process.env; // without .pyc every start takes 4 to 14 s
  await runCommand(
    {
      command,
      args,
      environment: { ...inherited, TMPDIR: tmp, PIP_DISABLE_PIP_VERSION_CHECK: "1" },
      cwd: project,
      log: join(cacheFolder, `logs/build-${name}.log`),
    },
    installTimeoutMs,
  );
}
