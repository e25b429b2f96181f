import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import { readEnvironment } from "../../lib/config/environment.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { warmIndex } from "../../lib/domain/search/warm-index.ts";
import type { Readers } from "../../lib/readers.ts";
import { logger } from "../../lib/telemetry.ts";
import { openNamed } from "../../lib/warm-beforehand.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  await writeParquetFile(join(lakehouse.source, "docs.parquet"), sampleRows(300, 8));
  const input = { type: "migrate", index: "docs", source: "source/docs.parquet", indexType: "IVF_FLAT" };
  expect((await runJob(lakehouse.open(), input)).error).toBeNull();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await lakehouse.remove();
});

const vector = sampleRows(1, 8)[0]?.vector;

async function cacheOfSearch({ indexes }: Readers): Promise<string> {
  const request = parseSearchRequest({ vector, k: 3 });
  return (await searchIndex(indexes, "docs", request, 10_000)).performance.cache;
}

test("an index that WARM_INDEXES names is open to the first search", async () => {
  const container = lakehouse.open({ WARM_INDEXES: "docs" });
  await openNamed(() => container);
  expect(await cacheOfSearch(container)).toBe("warm");
});

test("one that is not there is a line in the log, and the others are opened", async () => {
  const warnings = vi.spyOn(logger, "warn").mockReturnValue(undefined);
  const container = lakehouse.open({ WARM_INDEXES: "nowhere, docs" });
  await openNamed(() => container);
  expect(warnings.mock.calls.map(([, line]) => line)).toMatchObject([
    { index: "nowhere", error: { kind: "IndexNotFound" } },
  ]);
  expect(await cacheOfSearch(container)).toBe("warm");
});

test("a configuration that is not valid is left to the requests to say", async () => {
  const warnings = vi.spyOn(logger, "warn").mockReturnValue(undefined);
  await openNamed(() => lakehouse.open({ WARM_INDEXES: "docs,../x" }));
  expect(warnings).toHaveBeenCalledTimes(1);
  expect(() => readEnvironment({ WARM_INDEXES: "docs,../x" })).toThrow(/WARM_INDEXES/);
});

test("an index on a local folder is warmed behind its first answer, once", async () => {
  const order: string[] = [];
  const { search, warm } = LanceReader.prototype;
  vi.spyOn(LanceReader.prototype, "search").mockImplementation(async function (this: LanceReader, query) {
    const hits = await search.call(this, query);
    order.push("answer");
    return hits;
  });
  const warming: Promise<void>[] = [];
  vi.spyOn(LanceReader.prototype, "warm").mockImplementation(function (this: LanceReader) {
    order.push("warm");
    const begun = warm.call(this);
    warming.push(begun);
    return begun;
  });
  const container = lakehouse.open();
  await cacheOfSearch(container);
  expect(order).toEqual(["answer", "warm"]);
  await cacheOfSearch(container);
  expect(warming[1]).toBe(warming[0]);
  await Promise.all(warming);
});

test("a local index that is warmed needs no copy", async () => {
  const { indexes } = lakehouse.open();
  const { state, performance } = await warmIndex(indexes, "docs", 10_000);
  expect([state, performance.cache, performance.bytes]).toEqual(["warm", "warm", null]);
  expect(performance).not.toHaveProperty("onDisk");
});
