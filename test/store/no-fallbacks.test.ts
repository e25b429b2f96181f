import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { warmIndex } from "../../lib/domain/search/warm-index.ts";
import { runJob } from "../support/lakehouse.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";
import { usualWay } from "../support/usual-way.ts";

let lakehouse: S3Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createS3Lakehouse(s3Places.MinIO());
  container = lakehouse.open();
});
afterAll(() => lakehouse.remove());

test.each([
  ["IVF_PQ", 700],
  ["IVF_RQ", 40_000], // its vectors are copied last
  ["HNSW_SQ", 700],
  ["IVF_FLAT", 700],
])(
  "%s of %i rows: by copies of an index, replicas and the store nothing falls back",
  async (indexType, count) => {
    const index = `i-${indexType.toLowerCase()}`;
    const rows = sampleRows(count, 8);
    const { bucket } = lakehouse;
    await lakehouse.stores(bucket).put(`${index}.parquet`, parquetBytes(rows.slice(0, -100)));
    const job = { index, bucket, indexType, source: `${bucket}/${index}.parquet` };
    await usualWay({ container, environment: lakehouse.environment, appended: rows.slice(-100), job });
    expect(container.fallbacks.seen()).toEqual([]);
  },
);

test("a container that has no room for a copy says so of the index", async () => {
  const { bucket } = lakehouse;
  await lakehouse.stores(bucket).put("small.parquet", parquetBytes(sampleRows(300)));
  const small = lakehouse.open({ REPLICA_MAX_BYTES: "1000" });
  const job = { type: "migrate", index: "small", bucket, source: `${bucket}/small.parquet` };
  expect((await runJob(small, job)).error).toBeNull();
  await warmIndex(small.indexes, "small", 30_000);
  const { fallbacks } = await describeIndex(small.registry, small.indexes, small.fallbacks, "small");
  expect(fallbacks).toEqual([{ fastPath: "replica", reason: "no-room", count: 1 }]);
  expect(small.fallbacks.seen()).toEqual(fallbacks);
  expect(container.fallbacks.seen("small")).toEqual([]);
});
