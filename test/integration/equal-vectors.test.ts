import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { describeIndex } from "../../lib/domain/search/describe-index.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { type Row, sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});

afterEach(() => lakehouse.remove());

/** So many rows, of which the shared ones have one vector of these each. */
function rowsWith(count: number, distinct: number, isShared: (row: number) => boolean): Row[] {
  const rows = sampleRows(count, 16);
  return rows.map((row, i) => (isShared(i) ? { ...row, vector: rows[i % distinct]?.vector ?? [] } : row));
}

/** Of a migration with this index; what is served finds a row's own vector at no distance, and others at some. */
async function servedFrom(rows: Row[], job: object) {
  await writeParquetFile(join(lakehouse.source, "docs/part.parquet"), rows);
  const done = await runJob(container, { type: "migrate", index: "docs", source: "source/docs", ...job });
  expect(done.error).toBeNull();
  const { published } = await describeIndex(
    container.registry,
    container.indexes,
    container.fallbacks,
    "docs",
  );
  for (const { vector } of rows.slice(0, 5)) {
    const request = parseSearchRequest({ vector, k: 20, select: [] });
    const { hits } = await searchIndex(container.indexes, "docs", request, 10_000);
    expect(hits).toHaveLength(20);
    expect(hits[0]?.distance).toBeCloseTo(0, 1);
    for (const { distance } of hits) expect(distance).toBeGreaterThanOrEqual(0);
  }
  return published;
}

test.each([
  ["IVF_PQ", "are equal", rowsWith(280, 1, () => true)],
  ["IVF_RQ", "are ten in all", rowsWith(280, 10, () => true)],
  ["HNSW_SQ", "are equal", rowsWith(280, 1, () => true)],
  ["IVF_FLAT", "of a third of the rows are equal", rowsWith(300, 1, (row) => row % 3 === 0)],
])("by %s, where vectors %s, every answer that is as near counts as right", async (indexType, _, rows) => {
  const published = await servedFrom(rows, { indexType, metric: "l2" });
  expect(published?.recall.measured).toBeGreaterThan(0.95);
});

test("where vectors form fewer clusters than partitions were asked for, there are as many as clusters", async () => {
  const rows = rowsWith(600, 7, () => true);
  const job = { indexType: "IVF_FLAT", indexParameters: { numPartitions: 300 } };
  const published = await servedFrom(rows, job);
  expect(published?.indexParameters.numPartitions).toBeLessThanOrEqual(7);
  expect(published?.reasons).toContainEqual(
    expect.stringMatching(/^numPartitions \d: .*many of them are equal/),
  );
  expect(published?.recall.measured).toBe(1);
});
