import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { copyIndex, searchManyIndexes } from "../support/many-indexes.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const count = 120;
let lakehouse: Lakehouse;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  await writeParquetFile(join(lakehouse.source, "docs", "part.parquet"), sampleRows(300));
  const container = lakehouse.open();
  const input = { type: "migrate", index: "docs", source: "source/docs", indexType: "IVF_FLAT" };
  expect((await runJob(container, input)).error).toBeNull();
  await copyIndex(container, "docs", count);
});

afterAll(() => lakehouse.remove());

test("more indexes than a process may have files open are searched, in turn and all at once", async () => {
  const vector = sampleRows(1)[0]?.vector ?? [];
  const asked = { descriptors: 100, count, atATime: count, vector };
  const { failures, descriptors } = await searchManyIndexes(lakehouse.environment, asked);
  expect(failures).toEqual([]);
  expect(descriptors).toBeLessThan(100);
});
