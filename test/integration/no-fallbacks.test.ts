import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";
import { Compression, type Layout, sampleRows, writeParquetFile } from "../support/parquet-files.ts";
import { usualWay } from "../support/usual-way.ts";

/** That parquet-wasm alone reads. */
const onlyForDecoder: Layout[] = ["list<double>", "list<half>"];
const otherLayout = {
  fastPath: "vectors-from-pages",
  reason: "other-layout",
  count: expect.any(Number),
};

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});
afterAll(() => lakehouse.remove());

test.each<[Layout, string]>([
  ["list", "IVF_PQ"],
  ["fixed_size_list", "IVF_RQ"],
  ["binary", "HNSW_SQ"],
  ["fixed_size_binary", "IVF_FLAT"],
  ["list<double>", "auto"],
  ["list<half>", "EXACT"],
])(
  "%s, %s: nothing of what is usually done falls back with the LanceDB that is pinned",
  async (layout, type) => {
    const index = `i-${type.toLowerCase()}`;
    const rows = sampleRows(type === "EXACT" ? 200 : 700);
    const options = { layout, rowGroupRows: 150, compression: Compression.ZSTD };
    await writeParquetFile(join(lakehouse.source, index, "part.parquet"), rows.slice(0, -100), options);
    await usualWay({
      ...{ container, environment: lakehouse.environment, appended: rows.slice(-100) },
      job: { index, source: `source/${index}`, ...(type === "EXACT" ? {} : { indexType: type }) },
    });
    expect(container.fallbacks.seen(index)).toEqual(onlyForDecoder.includes(layout) ? [otherLayout] : []);
    const others = container.fallbacks.seen().filter(({ reason }) => reason !== "other-layout");
    expect(others).toEqual([]);
  },
);
