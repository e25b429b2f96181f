import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { connect } from "@lancedb/lancedb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { storageOptionsOf } from "../../lib/adapters/lance/tables/storage-options.ts";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { loadBuckets } from "../../lib/config/lakehouse.ts";
import { type Container, createContainer } from "../../lib/container.ts";
import { lanceUriFor } from "../../lib/domain/bucket.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { startJob } from "../../lib/domain/jobs/start-job.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { appendRows, optimizeAsClient } from "./append-rows.ts";
import { wholeExport } from "./exported.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { runJob, waitForJob } from "./lakehouse.ts";
import { otherProcess } from "./other-process.ts";
import { parquetBytes, type Row, sampleRows } from "./parquet-files.ts";
import { createS3Lakehouse, type S3Lakehouse } from "./s3-lakehouse.ts";
import type { Operation } from "./s3-operation.ts";
import { s3Places } from "./stack-stores.ts";

const rows = 300;
const id = "job";
const index = "docs";
const jobTimeoutMs = 240_000;
const lateMs = [0, 300, 700, 1_200, 1_800]; // after the death; the other process takes about as long
const reads = new Set<Operation>(["GetObject", "HeadObject", "ListObjects"]);
const before = sampleRows(rows, 8, "before");
const appended = sampleRows(20, 8, "appended");
const source = sampleRows(rows, 8, "source");

/** A kind of job, what it finds published, and what it is to serve. */
interface Way {
  job: object;
  published: object;
  /** What a LanceDB client did to what is published. */
  client: "nothing" | "appended" | "appended and optimized";
  serves: Row[];
}

const migrate = { type: "migrate", index, source: "primary/in/new", indexType: "IVF_FLAT", workers: 2 };
const old = { ...migrate, source: "primary/in/old", workers: 1 };
const optimize = { type: "optimize", index };

/**
 * What becomes of the write at which the process is killed: the store never gets it, or it was under way and comes when
 * another process works on the job.
 */
export type LastWrite = "lost" | "late";

/** Every way a job may go. */
export const ways: Record<string, Way> = {
  migrate: { job: migrate, published: old, client: "nothing", serves: source },
  "build-index": {
    job: { type: "build-index", index, indexType: "HNSW_SQ" },
    published: old,
    client: "nothing",
    serves: before,
  },
  "optimize that builds again": {
    job: optimize,
    published: old,
    client: "appended",
    serves: [...before, ...appended],
  },
  "optimize that folds": {
    job: optimize,
    published: { ...old, indexType: "HNSW_SQ" },
    client: "appended",
    serves: [...before, ...appended],
  },
  "optimize that keeps": {
    job: optimize,
    published: { ...old, indexType: "HNSW_SQ" },
    client: "appended and optimized",
    serves: [...before, ...appended],
  },
  export: {
    job: { type: "export", index, target: "primary/exports/out", fileRows: 120, workers: 2 },
    published: old,
    client: "nothing",
    serves: before,
  },
};

/**
 * Jobs whose process is killed as the n-th of their writes comes to the store, and then taken over by another. A read
 * leaves the store as it is: whoever dies at one leaves what is there at the next write.
 * @param points which n, of so many writes
 */
export function describeKillPoints(
  way: Way,
  name: string,
  points: (writes: number) => number[],
  last: LastWrite = "lost",
): void {
  const place = new KillPlace(way, last);
  beforeAll(() => place.prepare(), jobTimeoutMs + 60_000);
  afterAll(() => place.remove());

  test(`${name}: killed at any of its writes, which is ${last}, the job is finished by another process`, async ({
    task,
  }) => {
    const writes = await place.runUntil(Number.POSITIVE_INFINITY);
    expect(writes).toBeGreaterThan(20);
    const tried = points(writes);
    const failed: string[] = [];
    for (const n of tried)
      await place.runUntil(n).catch((error) => failed.push(`${n}: ${inspect(error, { depth: 6 })}`));
    expect(failed).toEqual([]);
    task.meta.figures = `${tried.length} of ${writes} writes`;
  }, 7_200_000);
}

/** A bucket with an index as the job finds it, from which each run gets a copy. */
class KillPlace {
  readonly #way: Way;
  readonly #last: LastWrite;
  #lakehouse!: S3Lakehouse;
  #folder = "";
  #proxy!: FaultProxy;
  #whole!: S3Store;

  constructor(way: Way, last: LastWrite) {
    this.#way = way;
    this.#last = last;
  }

  async prepare(): Promise<void> {
    const place = s3Places.MinIO();
    this.#lakehouse = await createS3Lakehouse(place);
    this.#proxy = await FaultProxy.start(place.endpoint);
    this.#folder = await mkdtemp(join(tmpdir(), "kill-points-"));
    this.#whole = new S3Store({ ...this.#lakehouse.declared, root: `s3://${this.#lakehouse.name}` });
    const { environment, container } = await this.#open("template");
    await this.#whole.put("template/in/old/a.parquet", parquetBytes(before));
    await this.#whole.put("template/in/new/a.parquet", parquetBytes(source.slice(0, rows / 2)));
    await this.#whole.put("template/in/new/b.parquet", parquetBytes(source.slice(rows / 2)));
    expect((await runJob(container, this.#way.published, jobTimeoutMs)).error).toBeNull();
    await container.close();
    const ref = { index, bucket: "primary", generation: "g1" };
    if (this.#way.client !== "nothing") await appendRows(environment, ref, appended);
    if (this.#way.client === "appended and optimized") await optimizeAsClient(environment, ref);
  }

  async remove(): Promise<void> {
    await this.#proxy.stop();
    await this.#lakehouse.remove();
    await rm(this.#folder, { recursive: true });
  }

  /** @returns how many writes the job made until it was killed, or ended */
  async runUntil(n: number): Promise<number> {
    const prefix = `run-${n}-${randomUUID().slice(0, 8)}`;
    await this.#copyTemplate(prefix);
    const { environment, container } = await this.#open(prefix);
    const { writes, exit } = await this.#runThere(environment, n);
    if (exit === "SIGKILL") await startJob(container, id, jobInput.parse(this.#way.job));
    else expect(exit).toBe(0);
    await container.close(); // when the job is over: asking for it all the time would take half of the time
    await Promise.all(this.#proxy.lateAnswers.splice(0));
    const context = `killed at write ${n}`;
    await this.#expectWhole(prefix, context);
    await this.#whole.deletePrefix(`${prefix}/`);
    return writes;
  }

  async #runThere(environment: Record<string, string>, n: number) {
    const throughProxy = { ...environment, AWS_ENDPOINT: this.#proxy.endpoint };
    const child = otherProcess(throughProxy, "job-to-its-end", id, JSON.stringify(this.#way.job));
    let writes = 0;
    let killed = false;
    this.#proxy.fault = ({ operation }) => {
      if (!reads.has(operation)) writes++;
      if (writes < n) return undefined;
      const isLast = !killed;
      killed = true;
      if (isLast && this.#last === "late")
        return { kind: "late", until: () => child.kill().then(() => sleep(lateMs[n % lateMs.length])) };
      if (isLast) void child.kill();
      return { kind: "hang" }; // what a dead process has sent is not looked at
    };
    return { exit: await child.exited, writes };
  }

  /** One generation, at the version that was verified, with each row once; and nothing else is left of the job. */
  async #expectWhole(prefix: string, context: string): Promise<void> {
    const { container, environment } = await this.#open(prefix);
    const { state, type, error } = await waitForJob(container, id, jobTimeoutMs);
    expect({ state, error }, context).toEqual({ state: "succeeded", error: null });
    if (type === "export") return this.#expectExported(prefix, container, context);
    const described = await describeIndex(container.registry, container.indexes, container.fallbacks, index);
    expect(described, context).toMatchObject({
      claim: null,
      retiring: [],
      published: { generation: "g2", rows: this.#way.serves.length },
      recall: { status: "verified", version: described.recall?.servedVersion, unindexedRows: 0 },
    });
    expect(await container.generations.list("primary", index), context).toEqual(["g2"]);
    await container.close();
    expect(await idsIn(environment), context).toEqual(
      this.#way.serves.map(({ doc_id }) => String(doc_id)).sort(),
    );
    await this.#expectNothingLeft(prefix, /^lance\/docs\/(?!g2)/, context);
  }

  /** Each row once, under a manifest; the index is free, and as it was. */
  async #expectExported(prefix: string, container: Container, context: string): Promise<void> {
    const { ids } = await wholeExport(container.stores("primary"), "exports/out/", context);
    const expected = this.#way.serves.map(({ doc_id }) => String(doc_id)).sort();
    expect(ids.flat().sort(), context).toEqual(expected);
    const entry = (await container.registry.get(index)).value;
    expect(entry, context).toMatchObject({ state: "ready", claim: null, published: { generation: "g1" } });
    await container.close();
    await this.#expectNothingLeft(prefix, /^lance\/docs\/(?!g1)/, context);
  }

  async #expectNothingLeft(prefix: string, others: RegExp, context: string): Promise<void> {
    const keys = (await this.#whole.list(`${prefix}/`)).map(({ key }) => key.slice(prefix.length + 1));
    const left = keys.filter(
      (key) => /^executions\/running\/|\/failure\.json$|\.tmp$/.test(key) || others.test(key),
    );
    expect(left, context).toEqual([]);
  }

  async #copyTemplate(prefix: string): Promise<void> {
    const keys = (await this.#whole.list("template/")).map(({ key }) => key);
    await Promise.all(keys.map((key) => this.#whole.copy(key, prefix + key.slice("template".length))));
  }

  async #open(prefix: string): Promise<{ environment: Record<string, string>; container: Container }> {
    const LAKEHOUSE_TOML = join(this.#folder, `${prefix}.toml`);
    await writeFile(
      LAKEHOUSE_TOML,
      `[[storage.buckets]]\nname = "primary"\nbackend = "s3"\nbucket = "${this.#lakehouse.name}"\nprefix = "${prefix}"\ncredentials = "store"\n`,
    );
    const environment = { ...this.#lakehouse.environment, LAKEHOUSE_TOML };
    const parsed = readEnvironment(environment);
    return { environment, container: createContainer(parsed, loadBuckets(parsed)) };
  }
}

async function idsIn(environment: Record<string, string>): Promise<string[]> {
  const buckets = loadBuckets(readEnvironment(environment));
  const storageOptions = storageOptionsOf(buckets.get("primary"));
  const connection = await connect(lanceUriFor(buckets, "primary", index), { storageOptions });
  const table = await connection.openTable("g2");
  const found = await table.query().select(["doc_id"]).toArray();
  table.close();
  connection.close();
  return found.map(({ doc_id }) => String(doc_id)).sort();
}
