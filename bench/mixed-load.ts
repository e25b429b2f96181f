import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Container } from "../lib/container.ts";
import { createIndex, createRequest } from "../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../lib/domain/documents/write-documents.ts";
import type { Consistency } from "../lib/domain/search/freshness.ts";
import { parseSearchRequest } from "../lib/domain/search/parse-search.ts";
import { searchIndex } from "../lib/domain/search/search-index.ts";
import { warmIndex } from "../lib/domain/search/warm-index.ts";
import { runJob } from "../test/support/lakehouse.ts";
import { BareTable } from "./bare-table.ts";
import { type BenchStore, withStore } from "./bench-store.ts";
import { nearestIn } from "./cosine-nearest.ts";
import { machine } from "./machine.ts";
import { documentAt, mixedDimension, mixedVectors, mixedWrite } from "./mixed-writes.ts";
import { timed, timesOf } from "./percentiles.ts";
import { S3Like } from "./s3-like.ts";
import { lakehouseOnStore } from "./sections/cold.ts";
import { ms, share, tableOf } from "./sections/section.ts";
import { withContainer } from "./with-container.ts";

/**
 * `node bench/mixed-load.ts`: searches while another process writes to the index as fast as it is told to and the index takes, with
 * the jobs that this sets off, beside bare LanceDB; of the searches of ours those are eventual that come 4 s after a look at the latest.
 */
const rows = Number(process.env["MIXED_ROWS"] ?? 20_000);
const seconds = Number(process.env["MIXED_SECONDS"] ?? 60);
const aSecond = 10;
const index = "mixed";
const k = 10;
const ways = ["eventual", "strong", "bare LanceDB, at its newest version"] as const;
type Way = (typeof ways)[number];

const vectors = await mixedVectors(rows);
/** What is acknowledged: vectors by the number of the document. */
const there: Float32Array[] = vectors.slice(0, rows);

interface Measured {
  /** Of all searches, in milliseconds. */
  times: Record<Way, number[]>;
  recalls: number[];
  /** Requests of ours by the way it was asked. */
  requests: Record<Way, number[]>;
  unindexed: number[];
  writes: number;
  generations: Set<string>;
}

await withStore(async (store) => {
  const environment = await lakehouseOnStore({ store });
  await filled(environment);
  const far = await S3Like.before(store.endpoint);
  try {
    const near = await onStore(store, environment);
    const away = await onStore(store, { ...environment, AWS_ENDPOINT: far.endpoint }, far);
    await report({ MinIO: near, "with S3's latency": away });
  } finally {
    await far.stop();
  }
});

async function filled(environment: Record<string, string>): Promise<void> {
  await withContainer(environment, async (container) => {
    const columns = [{ name: "chunk_text", type: "Utf8" }];
    const request = { name: index, dimension: mixedDimension, columns };
    await createIndex(container, createRequest.parse(request), undefined);
    console.log(`${rows} documents are written and become an index`);
    for (let i = 0; i < rows; i += 1_000) {
      const documents = Array.from({ length: 1_000 }, (_, at) => i + at).map((place) =>
        documentAt(place, vectors[place] as Float32Array, `document ${place}`),
      );
      await writeDocuments(container, { index, mode: "upsert", documents, keyed: undefined }, 60_000);
    }
    await becomesIndex(container);
  });
}

/** By a job of its own, once the one has ended that the writes have asked for. */
async function becomesIndex(container: Container): Promise<void> {
  while ((await container.registry.get(index)).value.claim) await sleep(200);
  const { error } = await runJob(container, { type: "optimize", index }, 600_000);
  if (error) throw new Error(error.message);
}

interface OnStore {
  quiet: Measured;
  written: Measured;
}

/** The writer has the store near, so that it writes as often as it is told to. */
async function onStore(
  store: BenchStore,
  environment: Record<string, string>,
  counted?: S3Like,
): Promise<OnStore> {
  return withContainer(environment, async (container) => {
    await warmIndex(container.indexes, index, 60_000);
    const bare = new BareTable(container, index, {
      ...store.storageOptions,
      aws_endpoint: environment["AWS_ENDPOINT"] ?? "",
    });
    console.log("searches while nobody writes");
    const quiet = await measured(container, bare, counted);
    const { AWS_ENDPOINT: _, ...near } = environment;
    const writer = await startWriter({ ...near, ...store.environment });
    console.log("searches while documents are written");
    try {
      return { quiet, written: await measured(container, bare, counted, writer) };
    } finally {
      writer.kill("SIGKILL");
      await once(writer, "exit");
      await bare.close();
    }
  });
}

async function startWriter(environment: Record<string, string>): Promise<ChildProcess> {
  const input = JSON.stringify({ index, rows, aSecond });
  const writer = fork(join(import.meta.dirname, "mixed-load-child.ts"), [input], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await once(writer, "message");
  return writer;
}

async function measured(
  container: Container,
  bare: BareTable,
  counted?: S3Like,
  writer?: ChildProcess,
): Promise<Measured> {
  const taken: Measured = {
    times: { eventual: [], strong: [], "bare LanceDB, at its newest version": [] },
    requests: { eventual: [], strong: [], "bare LanceDB, at its newest version": [] },
    recalls: [],
    unindexed: [],
    writes: 0,
    generations: new Set(),
  };
  const hear = ({ n, place }: { n: number; place: number }) => {
    there[place] = mixedWrite(n, rows, vectors).vector;
    taken.writes += 1;
  };
  writer?.on("message", hear);
  const block = ((writer ? seconds : seconds / 4) / ways.length) * 1_000;
  for (const way of ways) {
    const until = performance.now() + block;
    for (let i = 0; performance.now() < until; i++) {
      if (!isOurs(way)) await bare.follow();
      await search(way, near(queryAt(i), i));
      if (way === "strong" && i % 5 === 0) await recall(near(queryAt(i), i + 1));
    }
  }
  writer?.off("message", hear);
  return taken;

  async function search(way: Way, vector: Float32Array): Promise<void> {
    counted?.takeCounts();
    const { ms: time } = await timed<unknown>(() => (isOurs(way) ? ours(way, vector) : bare.search(vector)));
    taken.times[way].push(time);
    taken.requests[way].push(counted?.takeCounts().requests ?? 0);
  }

  async function ours(consistency: Consistency, vector: Float32Array): Promise<Set<string>> {
    const request = parseSearchRequest({ vector: [...vector], k, consistency });
    const { hits, performance: told } = await searchIndex(container.indexes, index, request, 30_000);
    taken.unindexed.push(told.unindexedRows ?? 0);
    taken.generations.add(told.generation);
    return new Set(hits.map(({ doc_id }) => doc_id));
  }

  async function recall(vector: Float32Array): Promise<void> {
    const nearest = nearestIn(there, vector, k);
    const hits = await ours("strong", vector);
    taken.recalls.push(nearest.filter((place) => hits.has(`d${place}`)).length / k);
  }
}

function isOurs(way: Way): way is "eventual" | "strong" {
  return way === "eventual" || way === "strong";
}

function queryAt(i: number): Float32Array {
  return vectors[rows + ((i * 7) % (vectors.length - rows))] as Float32Array;
}

/** Beside a vector that is there, or will be. */
function near(vector: Float32Array, seed: number): Float32Array {
  return vector.map((value, i) => value + 0.02 * Math.sin(seed * 31 + i * 17));
}

async function report(all: Record<string, OnStore>): Promise<void> {
  const lines = Object.entries(all).flatMap(([name, { quiet, written }]) =>
    ways.map((way) => {
      const [before, meanwhile] = [timesOf(quiet.times[way]), timesOf(written.times[way])];
      const requests = meanOf(written.requests[way]);
      return [
        `${name}: ${way}`,
        ms(before.p50),
        ms(before.p99),
        ms(meanwhile.p50),
        ms(meanwhile.p99),
        requests ? requests.toFixed(1) : "",
      ];
    }),
  );
  const header = ["searches", "quiet, p50", "p99", "while written, p50", "p99", "requests then"];
  const said = Object.entries(all).map(([name, { written: one }]) => {
    const [least, mean] = [one.recalls.reduce((a, b) => Math.min(a, b), 1), meanOf(one.recalls)];
    const jobs = one.generations.size - 1;
    return `${name}: ${(one.writes / seconds).toFixed(1)} writes a second, ${jobs} jobs published meanwhile, ${Math.round(meanOf(one.unindexed))} rows compared one by one on the average and ${one.unindexed.reduce((a, b) => Math.max(a, b), 0)} at most; recall@10 ${share(mean)} on the average of ${one.recalls.length}, ${share(least)} at the least.`;
  });
  const how = `An index of ${rows.toLocaleString("en-US")} documents of ${mixedDimension} values, searched by a container that has a copy of it, ${seconds} s while another process upserts single documents, up to ${aSecond} a second, half of them new; what its writes set off runs there. A third of the time each are eventual searches, which look each 4 s at the latest, strong ones, and bare LanceDB's, which look each time (\`checkoutLatest\`).`;
  const on = Object.values(machine()).join(", ");
  const text = `# Searches while documents are written\n\n${on}.\n\n${how}\n\n${tableOf(header, lines)}\n\n${said.join(" ")}\n`;
  await writeFile(join("bench", "results", "mixed-load.md"), text);
  console.log(text);
}

function meanOf(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
