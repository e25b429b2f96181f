import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LanceConnections } from "../../lib/adapters/lance/tables/connections.ts";
import { LanceWarmIndexes } from "../../lib/adapters/lance/warm/warm-indexes.ts";
import type { Container } from "../../lib/container.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";
import type { Fallbacks } from "../../lib/domain/fallbacks.ts";
import { dropIndex } from "../../lib/domain/index/drop-index.ts";
import type { Consistency } from "../../lib/domain/search/freshness.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createLakehouse, type Lakehouse, runJob } from "../support/lakehouse.ts";
import { otherProcess } from "../support/other-process.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let lakehouse: Lakehouse;
let container: Container;
/** Wall clock of the containers under test; moved by hand. */
let now: number;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
  now = Date.now();
  await migrate("docs", "d", 300);
});

afterEach(() => lakehouse.remove());

async function migrate(index: string, prefix: string, count: number) {
  await writeParquetFile(join(lakehouse.source, prefix, "part.parquet"), sampleRows(count, 8, prefix));
  const job = await runJob(container, {
    type: "migrate",
    index,
    source: `source/${prefix}`,
    indexType: "IVF_FLAT",
  });
  expect(job.error).toBeNull();
}

/** The indexes of one container, with a clock that the test moves. */
function warmIndexes(maxHandles?: number, fallbacks?: Fallbacks) {
  const connections = new LanceConnections(container.buckets, 512, fallbacks);
  const clock = { now: () => now };
  return new LanceWarmIndexes({ registry: container.registry, connections, clock, maxHandles });
}

const query = sampleRows(1)[0]?.vector ?? [];
const search = (indexes: LanceWarmIndexes, index = "docs", consistency: Consistency = "eventual") =>
  searchIndex(indexes, index, parseSearchRequest({ vector: query, k: 1_000, consistency }), 10_000);
const rowsSeen = async (indexes: LanceWarmIndexes, consistency: Consistency = "eventual") =>
  (await search(indexes, "docs", consistency)).hits.length;

async function appendFromOutside(count: number, prefix: string) {
  const uri = join(lakehouse.root, "data/lance/docs");
  const other = otherProcess(lakehouse.environment, "append", uri, "g1", String(count), prefix);
  expect(await other.exited).toBe(0);
}

test("fifty cold requests at once open the index once", async () => {
  const reads = vi.spyOn(container.registry, "get");
  const opens = vi.spyOn(LanceConnections.prototype, "lease");
  const indexes = warmIndexes();
  const answers = await Promise.all(Array.from({ length: 50 }, () => search(indexes)));
  expect(reads).toHaveBeenCalledTimes(1);
  expect(opens).toHaveBeenCalledTimes(1);
  expect(new Set(answers.map(({ hits }) => hits[0]?.doc_id)).size).toBe(1);
  expect((await search(indexes)).performance.cache).toBe("warm");
  vi.restoreAllMocks();
});

test("rows another process appended are seen at once when strong, within five seconds when eventual", async () => {
  const indexes = warmIndexes();
  expect(await rowsSeen(indexes)).toBe(300);
  await appendFromOutside(5, "new");
  now += 1_000;
  expect(await rowsSeen(indexes)).toBe(300);
  expect(await rowsSeen(indexes, "strong")).toBe(305);
  await appendFromOutside(5, "newer");
  now += 4_999;
  expect(await rowsSeen(indexes)).toBe(310);
});

test("rows of a version that is named are seen, and what is not there yet is refused with the version that is", async () => {
  const indexes = warmIndexes();
  const seen = async (minVersion: number) => {
    const request = parseSearchRequest({ vector: query, k: 1_000, minVersion });
    const { hits, performance } = await searchIndex(indexes, "docs", request, 10_000);
    return { rows: hits.length, version: performance.version };
  };
  const before = await seen(1);
  await appendFromOutside(5, "new");
  expect(await seen(before.version)).toEqual(before);
  const looks = vi.spyOn(container.registry, "get");
  expect(await seen(before.version + 1)).toEqual({ rows: 305, version: before.version + 1 });
  await seen(before.version + 1);
  expect(looks).toHaveBeenCalledTimes(1);
  vi.restoreAllMocks();
  await expect(seen(before.version + 2)).rejects.toMatchObject({
    kind: "VersionNotReached",
    retryable: true,
    message: `index "docs" is at version ${before.version + 1} of generation g1, and minVersion asks for ${before.version + 2}`,
  });
});

test("a look behind an answer that fails is counted, and the next request looks by itself", async () => {
  const counts = new FallbackCounts(() => undefined);
  const indexes = warmIndexes(undefined, counts);
  expect(await rowsSeen(indexes)).toBe(300);
  const versions = join(lakehouse.root, "data/lance/docs/g1.lance/_versions");
  await rename(versions, `${versions}-away`);
  now += 3_000; // an answer may still be given, and is looked for anew
  expect(await rowsSeen(indexes)).toBe(300);
  const failed = { fastPath: "look-ahead", reason: "failed", count: 1 };
  await expect.poll(() => counts.seen("docs")).toEqual([failed]);
  await rename(`${versions}-away`, versions);
  expect(await rowsSeen(indexes)).toBe(300);
});

test("a container frozen for an hour gives no old answer when it wakes", async () => {
  const indexes = warmIndexes();
  await search(indexes);
  await appendFromOutside(7, "meanwhile");
  now += 3_600_000;
  expect(await rowsSeen(indexes)).toBe(307);
});

test("an index dropped by another process is noticed within five seconds", async () => {
  const [indexes, lateContainer] = [warmIndexes(), warmIndexes()];
  await Promise.all([search(indexes), search(lateContainer)]);
  expect(await otherProcess(lakehouse.environment, "drop", "docs").exited).toBe(0);
  await expect(search(indexes, "docs", "strong")).rejects.toMatchObject({ kind: "IndexNotFound" });
  await expect(search(lateContainer)).rejects.toMatchObject({ kind: "IndexNotFound" });
  now += 5_000;
  await expect(search(indexes)).rejects.toMatchObject({ kind: "IndexNotFound" });
});

test("a generation published by another process is followed within five seconds, and never mixed", async () => {
  const indexes = warmIndexes();
  expect((await search(indexes)).performance.generation).toBe("g1");
  await writeParquetFile(join(lakehouse.source, "second", "part.parquet"), sampleRows(400, 8, "second"));
  const input = { type: "migrate", index: "docs", source: "source/second", indexType: "IVF_FLAT" };
  const other = otherProcess(lakehouse.environment, "job", JSON.stringify(input));
  expect(await other.exited).toBe(0);
  now += 5_000;
  const { hits, performance } = await search(indexes);
  expect(performance.generation).toBe("g2");
  expect(hits).toHaveLength(400);
  expect(hits.every(({ doc_id }) => doc_id.startsWith("second"))).toBe(true);
});

test("while generations are published under load every answer is of one of them, whole", async () => {
  const indexes = warmIndexes();
  let publishing = true;
  const done = migrate("docs", "next", 350).finally(() => {
    publishing = false;
  });
  const seen = new Set<string>();
  while (publishing) {
    now = Date.now();
    const { hits, performance } = await search(indexes, "docs", "strong");
    seen.add(performance.generation);
    const [rows, prefix] = performance.generation === "g1" ? [300, /^d/] : [350, /^next/];
    expect(hits).toHaveLength(rows);
    expect(hits.every(({ doc_id }) => prefix.test(doc_id))).toBe(true);
    await sleep(5);
  }
  await done;
  expect((await search(indexes, "docs", "strong")).performance.generation).toBe("g2");
  expect(seen.has("g1")).toBe(true);
});

test("the least recently used index is closed, and opens again, also in the middle of requests", async () => {
  for (const name of ["one", "two"]) await migrate(name, name, 260);
  const indexes = warmIndexes(1);
  const names = ["docs", "one", "two", "docs", "two", "one"];
  const answers = await Promise.all([...names, ...names, ...names].map((name) => search(indexes, name)));
  expect(answers.map(({ hits }) => hits.length)).toEqual(
    [...names, ...names, ...names].map((name) => (name === "docs" ? 300 : 260)),
  );
});

test("an index dropped and made again under its name never answers from the old data", async () => {
  const indexes = warmIndexes();
  await search(indexes);
  await dropIndex(container.registry, container.generations, "docs");
  await migrate("docs", "again", 270);
  now += 5_000;
  const { hits, performance } = await search(indexes);
  expect(performance.generation).toBe("g2");
  expect(hits).toHaveLength(270);
});

test("a late write to a dropped index does not bring it back", async () => {
  const uri = join(lakehouse.root, "data/lance/docs");
  const writer = otherProcess(lakehouse.environment, "append-later", uri, "g1");
  expect([await writer.next(), await writer.next()]).toEqual([
    { ready: expect.any(Number) },
    { opened: 300 },
  ]);
  await dropIndex(container.registry, container.generations, "docs");
  writer.tell("append");
  await writer.exited;
  const indexes = warmIndexes();
  await expect(search(indexes, "docs", "strong")).rejects.toMatchObject({ kind: "IndexNotFound" });
  await migrate("docs", "anew", 280);
  const { hits, performance } = await search(indexes, "docs", "strong");
  expect(performance.generation).toBe("g2");
  expect(hits).toHaveLength(280);
});
