import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Table from "cli-table3";
import { Listr } from "listr2";
import type { Job, PhaseName } from "../lib/domain/jobs/job.ts";
import { recallOf } from "../lib/domain/recall/choose-search-defaults.ts";
import type { Hit } from "../lib/domain/search/search-response.ts";
import { ApiClient } from "./api-client.ts";
import { startOffline } from "./offline-server.ts";
import { startStack } from "./stack/start-stack.ts";
import { usualPorts } from "./stack/usual-ports.ts";

const index = "words";
const leastRecall = 0.95;
/** Asked for with something to spare: a hundred queries say a mean only to about a hundredth. */
const targetRecall = 0.99;
/** What is shown is exact, and the same each time; what the index's own settings find is the recall below it. */
const ofAll = { nprobes: 100, refineFactor: 50 };
const jobTimeoutMs = 300_000;
const deathMs = 1_000;
const phases: PhaseName[] = ["plan", "load", "compact", "build", "verify", "publish"];
const numbers = new Intl.NumberFormat("en");

interface Query {
  text: string;
  vector: number[];
  neighbours: string[];
}

/** Where the demo's requests go. */
interface Place {
  url: string;
  logs(): string;
  stop(): Promise<void>;
  /** Of a server that was started for the demo. */
  died?: Promise<Error>;
}

async function embedded(): Promise<Place> {
  console.log("Starting the API (serverless-offline, data in ./data) ...");
  return startOffline();
}

/** The stack stays up afterwards: starting one takes a minute. */
async function onStack(): Promise<Place> {
  console.log("Starting the local stack (Step Functions and Lambda on LocalStack, data on MinIO) ...");
  const { endpoints, logs } = await startStack({
    run: process.env["STACK_RUN"], // of a stack that is up; without it, that of npm run stack
    ports: usualPorts(),
    report: (line) => console.log(`  ${line}`),
  });
  const log = () => readFileSync(join(logs, "http.log"), "utf8");
  return { url: endpoints.http, logs: log, stop: async () => undefined };
}

/** Parquet in, search and fetch out, over HTTP on this machine. @throws when anything, a low recall included, is wrong */
async function demo(stacked: boolean): Promise<void> {
  const server = await (stacked ? onStack() : embedded());
  try {
    await show(server);
  } catch (error) {
    // a request that failed may be the first to tell of a death
    const death = await Promise.race([
      server.died ?? new Promise<never>(() => undefined),
      sleep(deathMs, undefined),
    ]);
    if (death) throw death;
    console.error(`\nThe server's last lines:\n${server.logs().split("\n").slice(-15).join("\n")}`);
    throw error;
  } finally {
    await server.stop();
  }
  console.log(stacked ? nextOnStack : nextEmbedded);
}

async function show({ url }: Place): Promise<void> {
  const api = new ApiClient(url);
  console.log(
    `Serving at ${url}\n\nMigrating examples/words (Parquet in three layouts) to the index "${index}":`,
  );
  await showTimes(await migrate(api));
  const queries: Query[] = JSON.parse(await readFile("examples/words/queries.json", "utf8")).queries;
  await showHits(api, queries.slice(0, 3));
  await showRecall(api, queries);
}

/** A task of the display for each phase of the job. */
async function migrate(api: ApiClient): Promise<Job> {
  const started = await api.startJob({ type: "migrate", index, source: "examples/words", targetRecall });
  const follow = new JobFollower(api, started);
  const display = new Listr(
    phases.map((name) => ({
      title: name,
      task: (_: unknown, task: { title: string }) =>
        follow.until(name, (job) => {
          task.title = titleOf(name, job);
        }),
    })),
    { fallbackRenderer: "simple" },
  );
  await display.run();
  return follow.job;
}

function titleOf(name: PhaseName, job: Job): string {
  const phase = job.phases.find((one) => one.name === name);
  if (!phase) return name;
  const rows =
    name === "load" ? `${numbers.format(job.rows.done)} of ${numbers.format(job.rows.total ?? 0)} rows` : "";
  return `${name} ${rows} ${phase.state === "done" ? `${phase.ms} ms` : ""}`.replace(/ +/g, " ").trim();
}

/** Asks for a job until a phase of it is done. */
class JobFollower {
  readonly #api: ApiClient;
  readonly #deadline = Date.now() + jobTimeoutMs;
  job: Job;

  constructor(api: ApiClient, job: Job) {
    this.#api = api;
    this.job = job;
  }

  async until(name: PhaseName, show: (job: Job) => void): Promise<void> {
    for (;;) {
      if (this.job.error) throw new Error(`job ${this.job.id} failed: ${this.job.error.message}`);
      show(this.job);
      if (this.job.phases.some((phase) => phase.name === name && phase.state === "done")) return;
      if (Date.now() > this.#deadline)
        throw new Error(`job ${this.job.id} took longer than ${jobTimeoutMs} ms`);
      await sleep(100);
      this.job = await this.#api.job(this.job.id);
    }
  }
}

async function showTimes(job: Job): Promise<void> {
  const table = new Table({ head: ["phase", "ms"], colAligns: ["left", "right"], style: plain });
  for (const { name, ms } of job.phases) table.push([name, ms]);
  console.log(`\n${table}`);
}

async function showHits(api: ApiClient, queries: Query[]): Promise<void> {
  const table = new Table({ head: ["query", "nearest words (score)", "ms"], style: plain });
  let nearest: Hit | undefined;
  for (const { text, vector } of queries) {
    const query = { vector, k: 4, ...ofAll, select: ["chunk_text"] };
    const { hits, performance } = await api.search(index, query);
    nearest ??= hits[0];
    const words = hits.map((hit) => `${hit["chunk_text"]} (${hit.score.toFixed(2)})`);
    table.push([text, words.join(", "), performance.totalMs.toFixed(1)]);
  }
  console.log(`\n${table}`);
  const document = await api.document(index, nearest?.doc_id ?? "");
  console.log(`\nGET /indexes/${index}/documents/${nearest?.doc_id}\n${JSON.stringify(document)}`);
}

async function showRecall(api: ApiClient, queries: Query[]): Promise<void> {
  const recalls: number[] = [];
  for (const { vector, neighbours } of queries) {
    const { hits } = await api.search(index, { vector, k: 10, select: [] });
    recalls.push(
      recallOf(
        neighbours,
        hits.map(({ doc_id }) => doc_id),
      ),
    );
  }
  const mean = recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
  console.log(`\nrecall@10 over ${queries.length} queries against the exact neighbours: ${mean.toFixed(3)}`);
  if (mean < leastRecall)
    throw new Error(`recall@10 is ${mean.toFixed(3)}, it must be at least ${leastRecall}`);
}

const nextOnStack = `
All of it worked. The stack stays up, with the index in its MinIO. Next:
  npm run stack               its endpoints, and a call that works
  npm run stack:down          ends it`;

const nextEmbedded = `
All of it worked. The index stays in ./data. Next:
  npm run dev                 serve the API and keep it up
  npm test                    everything the project promises, tested
  README.md                   your own Parquet, buckets on S3, the API by example`;

const plain = { head: [], border: [] };

try {
  await demo(process.argv.includes("--stack"));
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
