import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { buildOnce } from "../stack/build-once.ts";
import { cacheFolder, project } from "../stack/folders.ts";
import { runCommand } from "../stack/run-command.ts";

const installTimeoutMs = 5 * 60_000;

/**
 * The folder of a packed release, from which it runs: with this project's packages where these have all that it depends
 * on in the same versions, else with those of its own lockfile, installed once.
 */
export function unpackRelease(packed: Buffer): Promise<string> {
  const digest = createHash("sha256").update(packed).digest("hex");
  const ours = readFileSync(join(project, "package.json"), "utf8");
  return buildOnce({
    name: "release",
    pins: [digest, JSON.stringify(dependenciesIn(ours)), project],
    proof: "node_modules",
    build: async (folder) => {
      mkdirSync(folder, { recursive: true });
      execFileSync("tar", ["-xf", "-", "-C", folder], { input: brotliDecompressSync(packed) });
      await addPackages(folder, ours);
    },
  });
}

async function addPackages(folder: string, ours: string): Promise<void> {
  const theirs = readFileSync(join(folder, "package.json"), "utf8");
  const there = dependenciesIn(ours);
  if (Object.entries(dependenciesIn(theirs)).every(([name, version]) => there[name] === version))
    return symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
  const args = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"];
  const log = join(cacheFolder, "logs/install-release.log");
  await runCommand({ command: "npm", args, cwd: folder, log, environment: process.env }, installTimeoutMs);
}

const dependenciesIn = (text: string) =>
  (JSON.parse(text) as { dependencies: Record<string, string> }).dependencies;
