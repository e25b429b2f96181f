import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Job } from "../../lib/domain/jobs/job.ts";
import { verifyIndex } from "../../scripts/verify/verify-index.ts";
import { Executions } from "./executions.ts";
import { type GenerateOptions, generateParquet } from "./generate-parquet.ts";
import { HttpClient } from "./http-client.ts";
import { theStack } from "./stack.ts";
import { stackStores } from "./stack-stores.ts";

const loadFunction = "serverless-lance-local-load";
let started = 0;

/** Bulk jobs on the stack: Parquet in its bucket `source`, jobs as executions, checked row by row. */
export class BulkJobs {
  readonly source: string;
  readonly #folder: string;
  readonly http = new HttpClient(theStack().endpoints.http);
  readonly executions = new Executions();
  readonly indexes: string[] = [];

  constructor(name: string) {
    this.#folder = `${name}-${process.pid}/`;
    this.source = `source/${this.#folder.slice(0, -1)}`;
  }

  async upload(options: Omit<GenerateOptions, "out">): Promise<void> {
    const out = await mkdtemp(join(tmpdir(), "bulk-"));
    try {
      for (const path of await generateParquet({ ...options, out }))
        await stackStores()("source").put(this.#folder + basename(path), await readFile(path));
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  }

  /** Starts a migration of what was uploaded into an index of its own. @returns its name */
  async start(more: object = {}): Promise<string> {
    const name = `bulk-${process.pid}-${Date.now()}-${started++}`;
    const index = name;
    this.indexes.push(index);
    const input = { type: "migrate", index, source: this.source, indexType: "IVF_FLAT", ...more };
    await this.executions.start(name, input);
    const deadline = Date.now() + 60_000;
    while ((await this.http.call("getJob", { id: name })).status !== 200 && Date.now() < deadline)
      await sleep(100);
    return name;
  }

  async job(name: string): Promise<Job> {
    return (await this.http.call("getJob", { id: name })).body;
  }

  async ended(name: string, timeoutMs: number): Promise<Job> {
    return this.http.jobWhen(name, ({ state }) => state !== "running", timeoutMs);
  }

  /** Until so many rows are loaded. */
  async loaded(name: string, rows: number, timeoutMs = 60_000): Promise<Job> {
    return this.http.jobWhen(name, (job) => job.rows.done >= rows || job.state !== "running", timeoutMs);
  }

  /** The published rows are those of the Parquet, each once. */
  async expectEqual(name: string, rows: number): Promise<void> {
    const { equal, index, differences } = await verifyIndex(name, undefined, theStack().environment);
    expect({ equal, rows: index.rows, differences }).toEqual({ equal: true, rows, differences: [] });
  }

  async remove(): Promise<void> {
    for (const index of this.indexes) await this.http.call("dropIndex", { index });
    await stackStores()("source").deletePrefix(this.#folder);
  }
}

/** The processes that load now. */
export const loadWorkers = () => theStack().functionPids(loadFunction);

/** Looks at the load workers until it is stopped. @returns the largest resident memory of one, in bytes */
export function watchWorkerMemory() {
  let most = 0;
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      most = Math.max(most, ...loadWorkers().map(peakMemory));
      await sleep(200);
    }
  })();
  return async (): Promise<number> => {
    stopped = true;
    await watching;
    return most;
  };
}

function peakMemory(pid: number): number {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes ?? 0) * 1_024;
  } catch {
    return 0; // it ended meanwhile
  }
}
