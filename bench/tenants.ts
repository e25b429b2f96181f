import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readEnvironment } from "../lib/config/environment.ts";
import { loadBuckets } from "../lib/config/lakehouse.ts";
import { createContainer } from "../lib/container.ts";
import { assembleLayer } from "../scripts/layer.ts";
import { copyIndex } from "../test/support/many-indexes.ts";
import { seededRandom } from "../test/support/seeded-random.ts";
import { benchSet, cache, freshQueries, sourceName, sources } from "./bench-set.ts";
import { type BenchStore, withStore } from "./bench-store.ts";
import { runChild } from "./child.ts";
import { unpackedSearch } from "./cold-start.ts";
import { meanRecall } from "./exact-file.ts";
import { FrozenProcess } from "./frozen-process.ts";
import { machine } from "./machine.ts";
import { timesOf } from "./percentiles.ts";
import type { Migrated } from "./results.ts";
import { S3Like } from "./s3-like.ts";
import { lakehouseOnStore } from "./sections/cold.ts";
import { ms, share, tableOf } from "./sections/section.ts";

import type { TenantAnswer, TenantSearch } from "./tenants-child.ts";

/**
 * `node bench/tenants.ts ROWS DIMENSION` (of a tenant): many tenants' searches, as an index each, in one function's containers or in several
 * functions', and as one index with a column of tenants. A model of 2,000 tenants of 10,000 × 768 in a container with 2 GB
 * of memory and 5 GB of disk: here memory and disk are smaller, too.
 */
const tenants = sources;
const [rowsOfTenant = 1_000, dimension = 768] = process.argv.slice(2).map(Number);
const searches = 100;
/** Tenants whose exact neighbours are found: each takes a scan of all rows. */
const exactTenants = 5;
const shards = 20;
const memoryMb = 128;
/** Of all tenants' replicas 4 GiB hold an eighteenth where there are 2,000 of 10,000 × 768. */
const replicasHeld = 1 / 18;

interface Way {
  name: string;
  /** Containers, each a function's. */
  containers: number;
  /** Searches before those that are measured. */
  before: number;
  of(tenant: number): { index: string; filter?: object };
}

interface Measured {
  name: string;
  p50: number;
  p99: number;
  requests: number;
  fromReplica: number;
  recall: number;
}

await withStore(async (store) => {
  const environment = await lakehouseOnStore({ store });
  const together = await migrated(environment, "together", tenants * rowsOfTenant);
  const apart = await migrated(environment, "apart", rowsOfTenant);
  const parsed = readEnvironment(environment);
  const container = createContainer(parsed, loadBuckets(parsed));
  await copyIndex(container, "apart", tenants);
  await container.close();
  const exact = await exactOfTenants(store, environment);
  const held = Math.floor(apart.bytesOnDisk * tenants * replicasHeld);
  const there = {
    ...environment,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    REPLICA_MAX_BYTES: String(held),
  };
  const own = (tenant: number) => ({ index: `many-${tenant}` });
  const filtered = (tenant: number) => ({
    index: "together",
    filter: { op: "eq", column: "source", value: sourceName(tenant) },
  });
  const ways: Way[] = [
    { name: "an index each, one function", containers: 1, before: 40, of: own },
    { name: `an index each, ${shards} functions`, containers: shards, before: 500, of: own },
    { name: "one index, filtered by tenant", containers: 1, before: 40, of: filtered },
  ];
  const measured: Measured[] = [];
  for (const way of ways) {
    const found = await searched(store, there, way, exact);
    const recall = way.of === own ? apart.recall : found.recall;
    measured.push({ ...found, recall });
    console.log(way.name, measured.at(-1));
  }
  await report(measured, { apart, together, held });
});

async function migrated(environment: Record<string, string>, index: string, rows: number): Promise<Migrated> {
  const source = `sets/${await benchSet(rows, "fixed_size_list", dimension)}`;
  console.log(`${index}: ${rows} rows`);
  return runChild<Migrated>("migrate-child.ts", { index, source }, environment);
}

/** Of query i the exact neighbours among the rows of tenant i. */
async function exactOfTenants(store: BenchStore, environment: Record<string, string>): Promise<string[][]> {
  const { MINIO_ACCESS_KEY_ID = "", MINIO_SECRET_ACCESS_KEY = "" } = store.environment;
  const lance = { AWS_ACCESS_KEY_ID: MINIO_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: MINIO_SECRET_ACCESS_KEY };
  const there = { ...environment, ...lance, AWS_REGION: "us-east-1", AWS_ALLOW_HTTP: "true" };
  const input = { index: "together", queries: exactTenants, dimension, filtered: true, batch: 1 };
  return runChild<string[][]>("exact-child.ts", input, there);
}

async function searched(
  store: BenchStore,
  environment: Record<string, string>,
  way: Way,
  exact: string[][],
): Promise<Measured> {
  const far = await S3Like.before(store.endpoint);
  const { modules } = await assembleLayer();
  const file = await unpackedSearch();
  const folder = await mkdtemp(join(resolve(cache), "tenants-"));
  const containers = await Promise.all(
    Array.from({ length: way.containers }, async () => {
      const TMPDIR = await mkdtemp(join(folder, "container-"));
      const there = { ...environment, NODE_PATH: modules, TMPDIR, AWS_ENDPOINT: far.endpoint };
      return new FrozenProcess("tenants-child.ts", there);
    }),
  );
  const vectors = await freshQueries(tenants, dimension);
  const random = seededRandom(3);
  const search = async (tenant = Math.floor(random() * tenants)) => {
    const { index, ...filter } = way.of(tenant);
    const body = { vector: [...(vectors[tenant] ?? [])], k: 10, select: ["doc_id", "chunk_text"], ...filter };
    const container = containers[tenant % way.containers] as FrozenProcess;
    return { tenant, ...(await container.ask<TenantAnswer>({ file, index, body } satisfies TenantSearch)) };
  };
  try {
    for (let i = 0; i < way.before; i++) await search();
    far.takeCounts();
    const answers: (TenantAnswer & { tenant: number })[] = [];
    for (let i = 0; i < searches; i++) answers.push(await search(i < exactTenants ? i : undefined));
    return {
      name: way.name,
      ...timesOf(answers.map((one) => one.ms)),
      requests: far.takeCounts().requests / searches,
      fromReplica: answers.filter((one) => one.cache === "replica").length / searches,
      recall: meanRecall(
        exact,
        exact.map((_, tenant) => answers.find((one) => one.tenant === tenant)?.ids ?? []),
      ),
    };
  } finally {
    for (const container of containers) await container.end();
    await far.stop();
    await rm(folder, { recursive: true });
  }
}

async function report(
  measured: Measured[],
  { apart, together, held }: { apart: Migrated; together: Migrated; held: number },
): Promise<void> {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  const table = tableOf(
    ["", "p50", "p99", "requests to the store", "from a replica", "recall@10"],
    measured.map((one) => [
      one.name,
      ms(one.p50),
      ms(one.p99),
      one.requests.toFixed(1),
      `${Math.round(100 * one.fromReplica)} %`,
      share(one.recall),
    ]),
  );
  const how = `${tenants} tenants of ${rowsOfTenant.toLocaleString("en-US")} × ${dimension}, asked at random, one search at a time; ${searches} searches after others. An index of one tenant takes ${megabytes(apart.bytesOnDisk)}, that of all ${megabytes(together.bytesOnDisk)}; a container's replicas may take ${megabytes(held)}, its memory is ${memoryMb} MB. Containers are frozen between searches, on MinIO with S3's latency.`;
  const text = `# Tenants\n\n${Object.values(machine()).join(", ")}.\n\n${how}\n\n${table}\n`;
  await writeFile(join("bench", "results", "tenants.md"), text);
  console.log(text);
}
