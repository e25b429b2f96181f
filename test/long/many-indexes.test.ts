import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runJob } from "../support/lakehouse.ts";
import { copyIndex, searchManyIndexes } from "../support/many-indexes.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

const count = 400;
/** Between the hundredth index and the last; what it has open and its caches are full by then. */
const mostGrowthMb = 64;

describe("a container with the descriptors of a Lambda and 512 MB", () => {
  let lakehouse: S3Lakehouse;

  beforeAll(async () => {
    lakehouse = await createS3Lakehouse(s3Places.MinIO());
    const { bucket } = lakehouse;
    await lakehouse.stores(bucket).put("docs/part.parquet", parquetBytes(sampleRows(300)));
    const container = lakehouse.open();
    const input = { type: "migrate", index: "docs", source: `${bucket}/docs`, bucket, indexType: "IVF_FLAT" };
    expect((await runJob(container, input)).error).toBeNull();
    await copyIndex(container, "docs", count);
  }, 600_000);

  afterAll(() => lakehouse.remove(), 600_000);

  test(`${count} indexes in turn, then 200 at a time: none fails, and its memory stays as it is`, async ({
    task,
  }) => {
    const vector = sampleRows(1)[0]?.vector ?? [];
    const asked = { descriptors: 1_024, count, atATime: 200, vector };
    const { failures, descriptors, rssMb } = await searchManyIndexes(lakehouse.environment, asked);
    task.meta.figures = `${descriptors} descriptors at most; RSS ${rssMb.at(0)} to ${rssMb.at(-1)} MB`;
    expect(failures).toEqual([]);
    expect(descriptors).toBeLessThan(1_024);
    expect((rssMb.at(-1) ?? 0) - (rssMb[9] ?? 0)).toBeLessThan(mostGrowthMb);
  }, 600_000);
});
