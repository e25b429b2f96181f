import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { IndexParameters, SearchDefaults } from "../lib/domain/index-entry.ts";
import { runCommand } from "../scripts/stack/run-command.ts";
import { cache, type Layout } from "./bench-set.ts";
import { findPython } from "./find-python.ts";

const run = promisify(execFile);
const folder = join(cache, "pylance");
const environment = join(folder, "venv");
const requirements = join(import.meta.dirname, "pylance", "requirements.txt");
const script = join(import.meta.dirname, "pylance", "peer.py");
const installTimeoutMs = 10 * 60_000;
const maxOutputBytes = 64 * 1_048_576;

/** pylance in an environment of its own, which is made at the first use; each call is a process. */
export class PylancePeer {
  /** @throws when no Python fits, or the packages cannot be installed */
  static async start(): Promise<PylancePeer> {
    const wanted = readFileSync(requirements, "utf8");
    const proof = join(folder, "installed.txt");
    if (existsSync(proof) && readFileSync(proof, "utf8") === wanted) return new PylancePeer();
    await rm(environment, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await install(await findPython());
    await writeFile(proof, wanted);
    return new PylancePeer();
  }

  /** Reads a Parquet file and writes it as a dataset, which is removed again. */
  async migrate(file: string, layout: Layout): Promise<{ ms: number; peakRssBytes: number }> {
    const target = join(folder, "migrated.lance");
    await rm(target, { recursive: true, force: true });
    try {
      return await ask("migrate", file, target, layout);
    } finally {
      await rm(target, { recursive: true, force: true });
    }
  }

  /** Builds IVF_PQ. */
  async build(table: string, metric: string, parameters: IndexParameters): Promise<{ ms: number }> {
    return ask("build", table, metric, JSON.stringify(parameters));
  }

  /** Every query once, after some to warm up. */
  async search(
    table: string,
    queries: Float32Array[],
    settings: SearchDefaults,
  ): Promise<{ times: number[]; found: string[][] }> {
    const file = join(folder, "queries.f32");
    await writeFile(file, Buffer.concat(queries.map(({ buffer }) => new Uint8Array(buffer))));
    return ask("search", table, file, String(queries[0]?.length), JSON.stringify(settings));
  }
}

async function install(python: string): Promise<void> {
  const step = (command: string, args: string[]) => {
    const log = join(folder, "install.log");
    return runCommand({ command, args, environment: process.env, cwd: process.cwd(), log }, installTimeoutMs);
  };
  await step(python, ["-m", "venv", environment]);
  await step(pythonOf(environment), ["-m", "pip", "install", "--no-deps", "-r", requirements]);
}

async function ask<T>(...args: string[]): Promise<T> {
  const { stdout } = await run(pythonOf(environment), [script, ...args], { maxBuffer: maxOutputBytes });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
}

const pythonOf = (venv: string) => join(venv, "bin", "python");
