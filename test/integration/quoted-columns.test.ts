import { connect, makeArrowTable, VectorColumnOptions } from "@lancedb/lancedb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lanceUriFor } from "../../lib/domain/bucket.ts";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";

let lakehouse: Lakehouse;

beforeEach(async () => {
  lakehouse = await createLakehouse();
});

afterEach(() => lakehouse.remove());

test.each(["vector", "a-b", "Upper Case", "a\\b", "it's"])(
  "the index of a vector column named %s is found and dropped by that name",
  async (column) => {
    const { generations, builds, buckets } = lakehouse.open();
    const ref = { index: "docs", bucket: "primary", generation: "g1" };
    const connection = await connect(lanceUriFor(buckets, ref.bucket, ref.index));
    const rows = Array.from({ length: 300 }, (_, i) => ({ doc_id: `d${i}`, [column]: [i, 1, i % 7, 2] }));
    const vectorColumns = { [column]: new VectorColumnOptions() };
    await connection.createTable(ref.generation, makeArrowTable(rows, { vectorColumns }));
    await builds.buildVectorIndex(ref, column, "IVF_FLAT", "l2", { numPartitions: 2 }, async () => undefined);
    expect(await generations.vectorIndex(ref, column, 4)).toMatchObject({ unindexedRows: 0, partitions: 2 });
    await builds.dropVectorIndex(ref, column, async () => undefined);
    expect(await generations.vectorIndex(ref, column, 4)).toBeNull();
    connection.close();
  },
);
