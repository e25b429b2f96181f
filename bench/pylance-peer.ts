import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { IndexParameters, SearchDefaults } from "../lib/domain/index/index-entry.ts";
import { cache, type Layout } from "./bench-set.ts";
import type { BenchStore } from "./bench-store.ts";
import { pythonEnvironment } from "./python-environment.ts";

const run = promisify(execFile);
const folder = join(cache, "pylance");
const requirements = join(import.meta.dirname, "pylance", "requirements.txt");
const script = join(import.meta.dirname, "pylance", "peer.py");
const maxOutputBytes = 64 * 1_048_576;

/** pylance in an environment of its own, which is made at the first use; each call is a process. */
export class PylancePeer {
  readonly #storageOptions: Record<string, string>;

  readonly #python: string;

  private constructor(storageOptions: Record<string, string>, python: string) {
    this.#storageOptions = storageOptions;
    this.#python = python;
  }

  /**
   * @param store that files and tables lie on; without it they lie in folders
   * @throws when no Python fits, or the packages cannot be installed
   */
  static async start(store: Pick<BenchStore, "storageOptions"> | undefined): Promise<PylancePeer> {
    const python = await pythonEnvironment(folder, requirements);
    return new PylancePeer(store?.storageOptions ?? {}, python);
  }

  /** Reads a Parquet file and writes it as a table of that database, which is removed again. */
  async migrate(
    file: string,
    database: string,
    layout: Layout,
  ): Promise<{ ms: number; peakRssBytes: number }> {
    return this.#ask("migrate", file, `${database}/migrated.lance`, layout);
  }

  /** Builds IVF_PQ. */
  async build(table: string, metric: string, parameters: IndexParameters): Promise<{ ms: number }> {
    return this.#ask("build", table, metric, JSON.stringify(parameters));
  }

  /** Every query once, after some to warm up. */
  async search(
    table: string,
    queries: Float32Array[],
    settings: SearchDefaults,
  ): Promise<{ times: number[]; found: string[][] }> {
    const file = join(folder, "queries.f32");
    await writeFile(file, Buffer.concat(queries.map(({ buffer }) => new Uint8Array(buffer))));
    return this.#ask("search", table, file, String(queries[0]?.length), JSON.stringify(settings));
  }

  async #ask<T>(...args: string[]): Promise<T> {
    const env = { ...process.env, PEER_STORAGE_OPTIONS: JSON.stringify(this.#storageOptions) };
    const options = { env, maxBuffer: maxOutputBytes };
    const { stdout } = await run(this.#python, [script, ...args], options);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
  }
}
