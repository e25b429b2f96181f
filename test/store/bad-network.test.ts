import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { errorTable } from "../../lib/domain/error-table.ts";
import { verifyIndex } from "../../scripts/verify/verify-index.ts";
import { type Fault, FaultProxy, type ProxiedRequest } from "../support/fault-proxy.ts";
import { runJob } from "../support/lakehouse.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { between, oneOf, seededRandom } from "../support/seeded-random.ts";
import { searchThroughout } from "../support/served-throughout.ts";
import { s3Places } from "../support/stack-stores.ts";

const [before, files, rowsInFile] = [400, 4, 150];
const rows = files * rowsInFile;
const timeoutMs = 300_000;

let lakehouse: S3Lakehouse;
let proxy: FaultProxy;
let input: Record<string, unknown>;

beforeEach(async () => {
  lakehouse = await createS3Lakehouse(s3Places.MinIO());
  proxy = await FaultProxy.start(s3Places.MinIO().endpoint);
  const store = lakehouse.stores(lakehouse.bucket);
  await store.put("old/part.parquet", parquetBytes(sampleRows(before, 16, "old")));
  for (let file = 0; file < files; file++)
    await store.put(`new/${file}.parquet`, parquetBytes(sampleRows(rowsInFile, 16, `${file}-`)));
  const common = { type: "migrate", index: "docs", indexType: "IVF_FLAT", bucket: lakehouse.bucket };
  await runJob(lakehouse.open(), { ...common, source: `${lakehouse.bucket}/old` });
  input = { ...common, source: `${lakehouse.bucket}/new`, workers: 4 };
});

afterEach(async () => {
  await lakehouse?.remove(); // its workers end through the proxy
  await proxy?.stop();
});

/** Migrates through the network given while others read past it. @returns the job, once its rows have been compared */
async function migrateThrough(fault: (request: ProxiedRequest) => Fault | undefined) {
  const vector = sampleRows(1, 16)[0]?.vector ?? [];
  const stopReading = searchThroughout(lakehouse.open(), "docs", vector);
  const worker = lakehouse.open({ AWS_ENDPOINT: proxy.endpoint, RETIRE_AFTER_MS: "6000" });
  proxy.fault = fault;
  const job = await runJob(worker, input, timeoutMs);
  proxy.fault = () => undefined;
  const seen = await stopReading();
  expect(seen.errors).toEqual([]);
  const whole = [`g1: ${before} rows`, `g2: ${rows} rows`];
  expect(whole.slice(0, seen.answers.length)).toEqual(seen.answers);
  return { job, counts: proxy.counts };
}

async function expectPublished(): Promise<void> {
  const { equal, index } = await verifyIndex("docs", undefined, lakehouse.environment);
  expect({ equal, rows: index.rows }).toEqual({ equal: true, rows });
}

/** Either every row is published once, or the old generation still is and the job says what the network did. */
async function expectWhole({ job }: Awaited<ReturnType<typeof migrateThrough>>): Promise<void> {
  if (job.state === "succeeded") return expectPublished();
  const codes = [errorTable.StoreUnavailable.code, errorTable.DeadlineExceeded.code];
  expect(codes).toContain(job.error?.code);
  const entry = await lakehouse.open().registry.get("docs");
  expect(entry.value.published?.generation).toBe("g1");
}

describe("a migration over a network that", () => {
  test("takes 200 ms, 100 more or less, for every request publishes every row once", async () => {
    const random = seededRandom(1);
    const outcome = await migrateThrough(() => ({ kind: "delay", ms: between(random, 100, 300) }));
    expect(outcome.job.error).toBeNull();
    expect(outcome.counts.faults.delay).toBeGreaterThan(100);
    await expectPublished();
  }, 300_000);

  test("breaks one connection in ten, anywhere, is whole or failed with the cause", async () => {
    const random = seededRandom(2);
    const places = ["start", "request", "answer"] as const;
    const outcome = await migrateThrough(() =>
      random() < 0.1 ? { kind: "reset", at: oneOf(random, places) } : undefined,
    );
    expect(outcome.counts.faults.reset).toBeGreaterThan(20);
    await expectWhole(outcome);
  }, 300_000);

  test("refuses one request in ten with 500, 503 or 429 is whole or failed with the cause", async () => {
    const random = seededRandom(3);
    const outcome = await migrateThrough(() =>
      random() < 0.1 ? { kind: "status", status: oneOf(random, [500, 503, 429] as const) } : undefined,
    );
    expect(outcome.counts.faults.status).toBeGreaterThan(20);
    await expectWhole(outcome);
  }, 300_000);
});

describe("an acknowledgement that is lost", () => {
  const isManifest = ({ method, path }: ProxiedRequest) =>
    method === "PUT" && /\/_versions\/\d+\.manifest/.test(path);
  const isRegistry = ({ method, path }: ProxiedRequest) => method === "PUT" && path.includes("/registry/");

  test.each([
    ["of every manifest, the first time it is written,", isManifest],
    ["of every registry entry, the first time it is written,", isRegistry],
    ["of whatever is written, the first time,", ({ method }: ProxiedRequest) => method === "PUT"],
  ])(
    "%s does no harm: each row is there once",
    async (_, isMeant) => {
      const dropped = new Set<string>();
      const outcome = await migrateThrough((request) => {
        const [path = ""] = request.path.split("?");
        if (!isMeant(request) || dropped.has(path)) return undefined;
        dropped.add(path);
        return { kind: "dropAnswer" };
      });
      expect(outcome.job.error).toBeNull();
      expect(dropped.size).toBeGreaterThan(0);
      await expectPublished();
    },
    300_000,
  );
});
