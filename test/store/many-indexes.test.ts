import { afterAll, beforeAll, expect, test } from "vitest";
import { runJob } from "../support/lakehouse.ts";
import { copyIndex, searchManyIndexes } from "../support/many-indexes.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

const count = 60;
let lakehouse: S3Lakehouse;

beforeAll(async () => {
  lakehouse = await createS3Lakehouse(s3Places.MinIO());
  const { bucket } = lakehouse;
  await lakehouse.stores(bucket).put("docs/part.parquet", parquetBytes(sampleRows(300)));
  const container = lakehouse.open();
  const input = { type: "migrate", index: "docs", source: `${bucket}/docs`, bucket, indexType: "IVF_FLAT" };
  expect((await runJob(container, input)).error).toBeNull();
  await copyIndex(container, "docs", count);
});

afterAll(() => lakehouse.remove());

test("more indexes than a process may have sockets for are searched, in turn and all at once", async () => {
  const vector = sampleRows(1)[0]?.vector ?? [];
  const asked = { descriptors: 200, count, atATime: count, vector };
  const { failures, descriptors } = await searchManyIndexes(lakehouse.environment, asked);
  expect(failures).toEqual([]);
  expect(descriptors).toBeLessThan(200);
});
