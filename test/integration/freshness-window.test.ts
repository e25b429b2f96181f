import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { LanceConnections } from "../../lib/adapters/lance/tables/connections.ts";
import { LanceWarmIndexes } from "../../lib/adapters/lance/warm/warm-indexes.ts";
import type { Container } from "../../lib/container.ts";
import { changeIndex } from "../../lib/domain/index/change-index.ts";
import { dropIndex } from "../../lib/domain/index/drop-index.ts";
import { type Job, machineOf } from "../../lib/domain/jobs/job.ts";
import { retireGenerations } from "../../lib/domain/publish/publish-generation.ts";
import type { Consistency } from "../../lib/domain/search/freshness.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { appendRows } from "../support/append-rows.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

const hour = 3_600_000;
const margin = 10_000;
const rows = 300;
const published = z.object({ graceSeconds: z.int() });

let lakehouse: Lakehouse;
let container: Container;
/** Wall clock of the containers under test; moved by hand. */
let now: number;
const clock = { now: () => now };

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  await migrate("d", rows);
  now = Date.now();
});

afterEach(() => lakehouse.remove());

/** Nobody waits here for the readers of what it replaced: the test removes that itself. */
async function migrate(prefix: string, count: number): Promise<Job> {
  await writeParquetFile(join(lakehouse.source, prefix, "part.parquet"), sampleRows(count, 8, prefix));
  const input = { type: "migrate", index: "docs", source: `source/${prefix}`, indexType: "IVF_FLAT" };
  const job = await runJob(container, input);
  expect(job.error).toBeNull();
  await container.workflow.stop(job.id, machineOf("migrate"));
  return job;
}

/** The indexes of one container, with a clock that the test moves. */
const warmIndexes = () =>
  new LanceWarmIndexes({
    registry: container.registry,
    connections: new LanceConnections(container.buckets, 512),
    clock,
  });

const query = sampleRows(1)[0]?.vector ?? [];
const search = (indexes: LanceWarmIndexes, consistency: Consistency = "eventual") =>
  searchIndex(indexes, "docs", parseSearchRequest({ vector: query, k: 1_000, consistency }), 10_000);
const rowsSeen = async (indexes: LanceWarmIndexes, consistency?: Consistency) =>
  (await search(indexes, consistency)).hits.length;
const allow = (maxStalenessMs: number | null) =>
  changeIndex({ registry: container.registry, clock }, "docs", { maxStalenessMs });
const append = (count: number, prefix: string, generation = "g1") =>
  appendRows(
    lakehouse.environment,
    { index: "docs", bucket: "primary", generation },
    sampleRows(count, 8, prefix),
  );
const retire = () => retireGenerations({ ...container, clock }, "docs", margin);
const tables = () => container.generations.list("primary", "docs");

test("a container looks again when the index's own window is over, and a strong search at once", async () => {
  await allow(hour);
  const [indexes, other] = [warmIndexes(), warmIndexes()];
  await Promise.all([search(indexes), search(other)]);
  await append(5, "new");
  now += hour / 2;
  expect((await search(indexes)).performance).toMatchObject({ viewAgeMs: hour / 2 });
  expect(await rowsSeen(indexes)).toBe(rows);
  expect(await rowsSeen(other, "strong")).toBe(rows + 5);
  now += hour / 2 + 1;
  const { hits, performance } = await search(indexes);
  expect([hits.length, performance.viewAgeMs]).toEqual([rows + 5, 0]);
});

test("with a window of 0 every search sees what was written before it, also the first of a container", async () => {
  await allow(0);
  const indexes = warmIndexes();
  for (const more of [0, 1, 2]) {
    if (more > 0) await append(1, `new${more}`);
    const answers = await Promise.all([1, 2, 3].map(() => search(indexes)));
    expect(answers.map(({ hits }) => hits.length)).toEqual([1, 2, 3].map(() => rows + more));
  }
});

test("a first search whose look was begun for another waits for one of its own where the window is 0", async () => {
  await allow(0);
  const reads = vi.spyOn(container.registry, "get");
  const indexes = warmIndexes();
  const first = search(indexes);
  await expect.poll(() => reads.mock.calls.length).toBe(1);
  await append(1, "new");
  expect(await rowsSeen(indexes)).toBe(rows + 1);
  await first;
  reads.mockRestore();
});

test("another window counts from a container's next look on", async () => {
  const indexes = warmIndexes();
  await search(indexes);
  await allow(hour);
  await append(1, "first");
  now += 5_000; // it still goes by the usual window
  expect(await rowsSeen(indexes)).toBe(rows + 1);
  await append(1, "second");
  await allow(0);
  now += hour / 4;
  expect(await rowsSeen(indexes)).toBe(rows + 1);
  now += hour;
  expect(await rowsSeen(indexes)).toBe(rows + 2);
  await append(1, "third");
  expect(await rowsSeen(indexes)).toBe(rows + 3);
});

test("a replaced generation stays whole until no container may serve it, whatever the window is by then", async () => {
  await allow(hour);
  const indexes = warmIndexes();
  await search(indexes);
  const job = await migrate("next", 350);
  const told = await container.ledger.read(job.id, "results/publish", published);
  expect(told?.graceSeconds).toBeGreaterThanOrEqual(hour / 1000);
  await allow(null);
  now += hour;
  expect(await retire()).toBe(1);
  const { hits, performance } = await search(indexes);
  expect([performance.generation, hits.length]).toEqual(["g1", rows]);
  now += 1;
  expect(await rowsSeen(indexes)).toBe(350);
  now = Date.now() + hour + margin;
  expect(await retire()).toBe(0);
  expect(await tables()).toEqual(["g2"]);
});

test("a window that was made shorter before the publication is waited for, too", async () => {
  await allow(hour);
  const indexes = warmIndexes();
  await search(indexes);
  await allow(0);
  await migrate("next", 350);
  now += hour;
  expect(await retire()).toBe(1);
  const { hits, performance } = await search(indexes);
  expect([performance.generation, hits.length]).toEqual(["g1", rows]);
  now += margin;
  expect(await retire()).toBe(0);
  expect(await rowsSeen(indexes)).toBe(350);
});

test("where files are gone all the same, a search in its window looks again", async () => {
  await allow(hour);
  const indexes = warmIndexes();
  await search(indexes);
  await migrate("next", 350);
  await container.generations.drop({ index: "docs", bucket: "primary", generation: "g1" });
  expect(await rowsSeen(indexes)).toBe(350);
});

test("a window outlasts jobs of its index, and not the index", async () => {
  await allow(1_000);
  await allow(500);
  await migrate("next", 310);
  const jobs = [{ type: "build-index", indexType: "IVF_RQ" }, { type: "optimize" }];
  for (const [i, job] of jobs.entries()) {
    expect(await runJob(container, { ...job, index: "docs" })).toMatchObject({
      error: null,
      generation: `g${i + 3}`,
    });
    await append(20, `more${i}`, `g${i + 3}`);
  }
  const entry = async () => (await container.registry.get("docs")).value;
  await expect.poll(entry, { timeout: 10_000 }).toMatchObject({ maxStalenessMs: 500, retiring: [] });
  expect(await tables()).toEqual(["g4"]);
  await dropIndex(container.registry, container.generations, "docs");
  await migrate("anew", 280);
  const { maxStalenessMs, staleUntil } = await entry();
  expect([maxStalenessMs, staleUntil]).toEqual([undefined, undefined]);
});
