import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { appendRows, optimizeAsClient } from "../support/append-rows.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const [withVector, without] = [600, 20];
const given = sampleRows(withVector, 8, "given");
const late = sampleRows(30, 8, "given-late");
const nulls = sampleRows(without, 8, "null").map((row) => ({ ...row, vector: null }));

let lakehouse: Lakehouse;
let container: Container;

beforeAll(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await writeParquetFile(join(lakehouse.source, "rows/a.parquet"), given);
});

afterAll(() => lakehouse.remove());

async function foundIn(index: string, more: object) {
  const request = parseSearchRequest({ vector: given[0]?.vector, k: 700, consistency: "strong", ...more });
  const { hits } = await searchIndex(container.indexes, index, request, 20_000);
  return hits;
}

const ways: object[] = [
  {},
  { nprobes: 1_000 },
  { nprobes: 4 },
  { nprobes: 4, refineFactor: 1 },
  { exact: true },
  { distanceRange: { min: 0 } },
  { filter: { op: "exists", column: "doc_id" } },
];

/** Of every way to search, what is not one of the rows with a vector, once. */
async function wrongIn(index: string, all: number) {
  const wrong: unknown[] = [];
  for (const way of ways) {
    const hits = await foundIn(index, way);
    const ids = hits.map(({ doc_id }) => String(doc_id));
    const bad = hits.filter(
      ({ doc_id, distance }) => !String(doc_id).startsWith("given") || !Number.isFinite(distance),
    );
    wrong.push(...bad.slice(0, 2).map((hit) => ({ way, hit })));
    if (new Set(ids).size !== ids.length) wrong.push({ way, twice: true });
    if (hits.length !== all) wrong.push({ way, hits: hits.length });
  }
  return wrong;
}

/** Some with a vector among them: of rows without one alone LanceDB's own `optimize` fails. */
const added = [...late, ...nulls];

test.each(["IVF_FLAT", "IVF_RQ", "HNSW_SQ"])(
  "rows without a vector, which another client has added to an %s, are no hits, and jobs take in the others",
  async (indexType) => {
    const index = `nulls-${indexType.toLowerCase().replace("_", "-")}`;
    const ref = { index, bucket: "primary", generation: "g1" };
    const done = async (job: object) => {
      const { state, error } = await runJob(container, { index, ...job });
      expect({ state, error }).toEqual({ state: "succeeded", error: null });
    };
    const indexParameters = indexType === "HNSW_SQ" ? {} : { numPartitions: 4 };
    await done({ type: "migrate", source: "source/rows", indexType, indexParameters });
    await appendRows(lakehouse.environment, ref, added as never);
    expect(await wrongIn(index, 630)).toEqual([]);
    await optimizeAsClient(lakehouse.environment, ref);
    expect(await wrongIn(index, 630)).toEqual([]);
    await done({ type: "optimize" });
    expect(await wrongIn(index, 630)).toEqual([]);
    await appendRows(lakehouse.environment, { ...ref, generation: "g2" }, nulls as never);
    await done({ type: "optimize" });
    expect(await wrongIn(index, 630)).toEqual([]);
    await done({ type: "build-index", indexType, indexParameters });
    expect(await wrongIn(index, 630)).toEqual([]);
  },
);
