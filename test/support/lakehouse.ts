import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { type Container, createContainer } from "../../lib/container.ts";
import { DomainError } from "../../lib/domain/errors.ts";
import { getJob } from "../../lib/domain/jobs/get-job.ts";
import { type Job, jobInput } from "../../lib/domain/jobs/job.ts";
import { startJob } from "../../lib/domain/jobs/start-job.ts";

/** A lakehouse of its own in a temporary folder, with the project's examples and a bucket `source` for Parquet. */
export interface Lakehouse {
  root: string;
  /** Folder of the bucket `source`. */
  source: string;
  environment: Record<string, string>;
  /** Another container on the same data, as a second process would have. */
  open(more?: Record<string, string>): Container;
  remove(): Promise<void>;
}

/** @param more of its lakehouse.toml */
export async function createLakehouse(more = ""): Promise<Lakehouse> {
  const root = await mkdtemp(join(tmpdir(), "lakehouse-"));
  const toml = join(root, "lakehouse.toml");
  await writeFile(toml, `${declaration(root)}${more}\n`);
  const environment = { LAKEHOUSE_TOML: toml, RETIRE_AFTER_MS: "0" };
  const containers: Container[] = [];
  return {
    root,
    source: join(root, "source"),
    environment,
    open: (more = {}) => {
      const parsed = readEnvironment({ ...environment, ...more });
      const opened = createContainer(parsed, loadBuckets(parsed));
      containers.push(opened);
      return opened;
    },
    remove: async () => {
      await Promise.all(containers.map((opened) => opened.close()));
      await rm(root, { recursive: true, force: true });
    },
  };
}

function declaration(root: string): string {
  const bucket = (name: string, more = "") => `[[storage.buckets]]\nname = "${name}"\n${more}\n`;
  return [
    `[storage]\ndata_root = ${JSON.stringify(join(root, "data"))}\n`,
    bucket("primary"),
    bucket("testing"),
    bucket("source", `path = ${JSON.stringify(join(root, "source"))}\n`),
    bucket("examples", `path = ${JSON.stringify(resolve("examples"))}\nread_only = true\n`),
  ].join("\n");
}

let started = 0;

/**
 * Runs a job to its end, over a network as bad as it may be: whoever cannot reach the store asks again.
 * @param input as it would be posted
 */
export async function runJob(container: Container, input: unknown, timeoutMs = 50_000): Promise<Job> {
  const id = `test-${process.pid}-${started++}`;
  const job = jobInput.parse(input);
  await onceReachable(() => startJob(container, id, job), Date.now() + timeoutMs);
  return waitForJob(container, id, timeoutMs);
}

/** @throws when the job is not over in time */
export async function waitForJob(container: Container, id: string, timeoutMs = 50_000): Promise<Job> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const job = await onceReachable(() => getJob(container.ledger, container.workflow, id), deadline);
    if (job.state !== "running") return job;
    await sleep(20);
  }
  throw new Error(`job ${id} was not over after ${timeoutMs} ms`);
}

/** @throws what it met last when the store cannot be reached in time; anything else at once */
async function onceReachable<T>(ask: () => Promise<T>, deadline: number): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const unreachable = error instanceof DomainError && error.kind === "StoreUnavailable";
      if (!unreachable || Date.now() >= deadline) throw error;
      await sleep(100);
    }
  }
}
