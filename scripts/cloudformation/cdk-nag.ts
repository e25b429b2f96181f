import { execFile } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Build, buildOnce } from "../stack/build-once.ts";

const here = join(import.meta.dirname, "nag");
const lists = ["package.json", "package-lock.json"];
const installTimeoutMs = 5 * 60_000;
const timeoutMs = 60_000;

/** Packages of npm in a folder of their own, of a list that pins each. */
const build: Build = {
  name: "cdk-nag",
  pins: await Promise.all(lists.map((file) => readFile(join(here, file), "utf8"))),
  proof: "node_modules/cdk-nag/package.json",
  build: async (folder) => {
    mkdirSync(folder, { recursive: true });
    for (const file of lists) cpSync(join(here, file), join(folder, file));
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    await promisify(execFile)("npm", args, { cwd: folder, timeout: installTimeoutMs });
  },
};

/** @returns cdk-nag's report of a template, by its packs AwsSolutions and Serverless. @throws where it writes none */
export async function nagReport(template: string): Promise<string> {
  const packages = join(await buildOnce(build), "node_modules");
  const folder = await mkdtemp(join(tmpdir(), "nag-"));
  try {
    const env = { ...process.env, NODE_PATH: packages };
    // it fails wherever it finds something
    const told = await promisify(execFile)(process.execPath, [join(here, "run.cjs"), template, folder], {
      ...{ env, timeout: timeoutMs, maxBuffer: 64 * 1_048_576 },
    }).catch((error: Error) => error);
    return await readFile(join(folder, "validation-report.json"), "utf8").catch((cause) => {
      throw new Error(`cdk-nag wrote no report: ${String(told).slice(0, 2_000)}`, { cause });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
