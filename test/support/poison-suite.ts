import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLakehouse, type Lakehouse } from "./lakehouse.ts";
import { type DamageKind, goodFile, goodRows, poisonSet } from "./poison-set.ts";
import type { PoisonAnswer } from "./poison-worker.ts";

const maxMs = 10_000;
const memoryMb = 512;
const newSpaceMb = Math.floor(memoryMb / 10);
/**
 * As a function of 512 MB is set up. Lambda's runtime tells Node how much of it is for new objects and for old ones: by
 * itself Node takes the memory of this machine, on which new objects alone are given 128 MB. Without the bound on malloc
 * it keeps a pool for each of LanceDB's threads.
 */
const smallFunction = {
  environment: { CONTAINER_MEMORY_MB: String(memoryMb), MALLOC_ARENA_MAX: "2" },
  execArgv: [
    `--max-semi-space-size=${Math.floor(newSpaceMb / 2)}`,
    `--max-old-space-size=${memoryMb - newSpaceMb}`,
  ],
};
/** After which a worker counts as hung, and is ended. */
const deadlineMs = 40_000;
/** A worker that has served so many damaged files is given a good one. */
const goodEvery = 50;

/** A process that runs jobs one after the other; another takes its place when it dies or hangs. */
class PoisonWorker {
  readonly #environment: Record<string, string>;
  #child: ChildProcess | undefined;
  #jobs = 0;
  deaths: string[] = [];

  constructor(environment: Record<string, string>) {
    this.#environment = environment;
  }

  /** @returns undefined when it died or hung */
  async migrate(source: string): Promise<PoisonAnswer | undefined> {
    const child = await this.#running();
    child.send({ index: `poisoned-${this.#jobs++}`, source });
    const answer = await answerOrEnd(child);
    if (typeof answer !== "string") return answer;
    this.deaths.push(`${source}: ${answer}`);
    await this.stop();
    return undefined;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async #running(): Promise<ChildProcess> {
    if (this.#child) return this.#child;
    const env = { ...process.env, ...this.#environment, ...smallFunction.environment };
    const { execArgv } = smallFunction;
    this.#child = fork(join(import.meta.dirname, "poison-worker.ts"), [], { execArgv, env });
    await once(this.#child, "message", { signal: AbortSignal.timeout(deadlineMs) });
    return this.#child;
  }
}

/** Its next message, or how it ended without one. */
async function answerOrEnd(child: ChildProcess): Promise<PoisonAnswer | string> {
  const over = new AbortController();
  const { signal } = over;
  const timer = setTimeout(() => over.abort(), deadlineMs);
  const answered = once(child, "message", { signal }).then(([answer]) => answer as PoisonAnswer);
  const ended = once(child, "exit", { signal }).then(([code, by]) => `ended with ${code ?? by}`);
  for (const one of [answered, ended]) one.catch(() => undefined);
  try {
    return await Promise.race([answered, ended]);
  } catch {
    return `no answer within ${deadlineMs} ms`;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

/** What is wrong with how a job on a damaged file ended; empty when nothing is. */
function complaints(name: string, answer: PoisonAnswer): string[] {
  const { state, error, rows, ms } = answer;
  const said = `${state}, ${error?.code}: ${error?.message}`.slice(0, 300);
  const clean = error?.code === "source-invalid" && error.message.includes(`${name}.parquet`);
  return [
    ...(state === "failed" && !clean ? [`${name} does not fail as a file that is named: ${said}`] : []),
    ...(state === "failed" && rows !== null ? [`${name} has published ${rows} rows and failed`] : []),
    ...(state === "succeeded" && rows !== goodRows ? [`${name} gave ${rows} rows, not ${goodRows}`] : []),
    ...(state === "failed" || state === "succeeded" ? [] : [`${name} is ${state}`]),
    // a file that can be read makes an ordinary job, which takes as long as its index does
    ...(ms > maxMs && state !== "succeeded" ? [`${name} took ${Math.round(ms)} ms: ${said}`] : []),
  ];
}

const megabytes = (bytes: number) => Math.round(bytes / 1_048_576);

/** Kinds of damage that no file survives, to be hidden among good files. */
const fatal: DamageKind[] = ["truncated", "forged-footer-length", "no-parquet", "swapped-halves"];

/**
 * Damaged files as sources of real jobs, which one worker process runs one after the other.
 * @param count of files @param seed of the damage
 */
export function describePoisonSet(count: number, seed: number): void {
  describe(`${count} damaged files of seed ${seed}`, () => {
    let lakehouse: Lakehouse;
    let worker: PoisonWorker;
    let batches = 0;

    beforeAll(async () => {
      lakehouse = await createLakehouse();
      worker = new PoisonWorker(lakehouse.environment);
    });
    afterAll(async () => {
      await worker.stop();
      await lakehouse.remove();
    });

    /** Runs one job on these files, which are gone after it. */
    async function migrated(files: Record<string, Uint8Array>): Promise<PoisonAnswer | undefined> {
      const source = `batch-${batches++}`;
      for (const [name, bytes] of Object.entries(files)) {
        const path = join(lakehouse.source, source, `${name}.parquet`);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, bytes);
      }
      const answer = await worker.migrate(`source/${source}`);
      await rm(join(lakehouse.source, source), { recursive: true });
      return answer;
    }

    async function expectGoodJob() {
      const answer = await migrated({ good: goodFile() });
      expect(answer).toMatchObject({ state: "succeeded", rows: goodRows, error: null });
    }

    test(
      "each fails its job by name, in time and memory, or gives all its rows; the worker serves on",
      async ({ task }) => {
        const wrong: string[] = [];
        const report = new PoisonReport();
        for (const { name, bytes } of poisonSet(count, seed)) {
          const answer = await migrated({ [name]: bytes });
          wrong.push(...(answer ? complaints(name, answer) : [`${name}: the worker died or hung`]));
          if (answer) report.add(name, answer);
          if (report.files % goodEvery === 0) await expectGoodJob();
        }
        await expectGoodJob();
        task.meta.figures = String(report);
        expect(wrong).toEqual([]);
        expect(report.peakBytes).toBeLessThan(memoryMb * 1_048_576);
      },
      60_000 + count * maxMs,
    );

    test.each(fatal)("a %s file among good ones is named, and nothing is published", async (kind) => {
      const bad = [...poisonSet(200, seed)].find((one) => one.kind === kind);
      if (!bad) throw new Error(`no file is ${kind}`);
      const good = { a: goodFile("list", "SNAPPY", "a"), z: goodFile("fixed_size_list", "ZSTD", "z") };
      const answer = await migrated({ ...good, [bad.name]: bad.bytes });
      expect(answer).toMatchObject({ state: "failed", rows: null, error: { code: "source-invalid" } });
      expect(answer?.error?.message).toContain(`${bad.name}.parquet`);
    });
  });
}

/** What is printed of a run: outcomes, the slowest file, the most memory. */
class PoisonReport {
  files = 0;
  peakBytes = 0;
  #read = 0;
  #slowest = { name: "", ms: 0 };
  #rise = { name: "", bytes: 0 };

  add(name: string, answer: PoisonAnswer | undefined): void {
    this.files++;
    if (!answer) return;
    const { state, ms, peakBytes } = answer;
    if (state === "succeeded") this.#read++;
    if (ms > this.#slowest.ms) this.#slowest = { name, ms };
    const bytes = peakBytes - this.peakBytes;
    if (this.peakBytes > 0 && bytes > this.#rise.bytes) this.#rise = { name, bytes };
    this.peakBytes = Math.max(this.peakBytes, peakBytes);
  }

  toString(): string {
    const rise = `most of it at once with ${this.#rise.name}: ${megabytes(this.#rise.bytes)} MB`;
    return [
      `${this.files} damaged files, ${this.#read} of them readable`,
      `the slowest, ${this.#slowest.name}, took ${Math.round(this.#slowest.ms)} ms`,
      `the worker peaked at ${megabytes(this.peakBytes)} MB, ${rise}`,
    ].join("; ");
  }
}
