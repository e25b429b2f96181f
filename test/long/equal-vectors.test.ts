import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  for (let file = 0; file < files; file++)
    await writeParquetFile(
      join(lakehouse.source, `equal/${file}.parquet`),
      Array.from({ length: rows / files }, (_, i) => ({ doc_id: `d${file}-${i}`, vector })),
      { rowGroupRows: rows / files },
    );
});

afterEach(() => lakehouse.remove());

const rows = 300_000;
const files = 6;
const vector = [1, 2, 3, 4, 5, 6, 7, 8];
const timeoutMs = 600_000;

test.each(["auto", "IVF_FLAT", "IVF_RQ"])(
  `${rows} equal vectors are migrated with index type %s, and a search among them answers`,
  async (indexType) => {
    const container = lakehouse.open();
    const input = { type: "migrate", index: "equal", source: "source/equal", indexType };
    expect((await runJob(container, input, timeoutMs)).error).toBeNull();
    expect((await container.registry.get("equal")).value.published).toMatchObject({
      rows,
      recall: { measured: 1 },
    });
    const request = parseSearchRequest({ vector, k: 10, select: [] });
    const { hits } = await searchIndex(container.indexes, "equal", request, 25_000);
    expect(new Set(hits.map((hit) => hit["doc_id"])).size).toBe(10);
  },
  timeoutMs,
);
