import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { folderOf } from "../../lib/adapters/lance/files/generation-folder.ts";
import type { ByteRange } from "../../lib/adapters/lance/files/lance-format.ts";
import { vectorBytes } from "../../lib/adapters/lance/files/vector-bytes.ts";
import { filesOfVersion } from "../../lib/adapters/lance/files/version-files.ts";
import { unobserved } from "../../lib/domain/fallbacks.ts";
import { changeIndex } from "../../lib/domain/index/change-index.ts";
import { dropIndex } from "../../lib/domain/index/drop-index.ts";
import { fetchDocument } from "../../lib/domain/search/fetch-document.ts";
import type { Consistency } from "../../lib/domain/search/freshness.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import type { Hit } from "../../lib/domain/search/search-response.ts";
import { warmIndex } from "../../lib/domain/search/warm-index.ts";
import { type Fault, FaultProxy, type ProxiedRequest } from "../support/fault-proxy.ts";
import { runJob } from "../support/lakehouse.ts";
import { asLanceClient } from "../support/lance-client.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";
import {
  warmContainer as containerOf,
  type WarmContainer,
  type WarmOptions,
} from "../support/warm-container.ts";

const systemTmpdir = tmpdir();
const rows = 300;
const gigabyte = 1_073_741_824;
/** All parts of an index. */
const whole = ["index", "rows", "vectors"];
/** Of each request, where all of this is to hold on a store that is far away, too: `STORE_LATENCY_MS=20`. */
const latencyMs = Number(process.env["STORE_LATENCY_MS"] ?? 0);
const latency: Fault | undefined = latencyMs > 0 ? { kind: "delay", ms: latencyMs } : undefined;
const query = sampleRows(1)[0]?.vector ?? [];

let lakehouse: S3Lakehouse;
let proxy: FaultProxy;
/** Whether it finds openings: generations of earlier releases have none. */
let isWithOpenings = true;
/** Wall clock of the container under test; moved by hand. */
let now: number;
let warm: WarmContainer;

beforeEach(async () => {
  process.env["TMPDIR"] = await mkdtemp(join(systemTmpdir, "replicas-"));
  lakehouse = await createS3Lakehouse(s3Places.MinIO());
  proxy = await FaultProxy.start(s3Places.MinIO().endpoint);
  proxy.fault = () => latency;
  now = Date.now();
  await migrate("docs", rows);
  warm = warmContainer();
});

afterEach(async () => {
  proxy.release();
  await warm.close();
  await lakehouse.remove();
  await proxy.stop();
  await rm(tmpdir(), { recursive: true, force: true });
  process.env["TMPDIR"] = systemTmpdir;
});

async function migrate(index: string, count: number, more: object = {}): Promise<void> {
  const source = `${lakehouse.bucket}/${index}-${count}.parquet`;
  await lakehouse.stores(lakehouse.bucket).put(`${index}-${count}.parquet`, parquetBytes(sampleRows(count)));
  const input = { type: "migrate", index, source, bucket: lakehouse.bucket, indexType: "IVF_FLAT", ...more };
  expect((await runJob(lakehouse.open(), input)).error).toBeNull();
}

/** With a clock that the test moves, over the proxy. */
const warmContainer = (maxBytes = gigabyte, kinds: WarmOptions["kinds"] = "all") =>
  containerOf(lakehouse, { endpoint: proxy.endpoint, maxBytes, kinds, isWithOpenings, now: () => now });

async function search(consistency: Consistency = "eventual", index = "docs") {
  const request = parseSearchRequest({ vector: query, k: 1_000, consistency });
  const { hits, performance } = await searchIndex(warm.indexes, index, request, 10_000);
  return { rows: hits.length, first: hits[0]?.doc_id, ...performance };
}

/** Which of the faster ways were given up, and why, however often. */
const given = (index = "docs") =>
  warm.fallbacks
    .seen(index)
    .map(({ fastPath, reason }) => `${fastPath} ${reason}`)
    .sort();

/** Searches until a replica has been filled. */
async function replicated(index = "docs") {
  await search("eventual", index);
  await warm.copies.idle();
  return search("eventual", index);
}

const asClient = (work: (table: Table) => Promise<unknown>, generation = "g1", index = "docs") =>
  asLanceClient(lakehouse, s3Places.MinIO(), { index, generation }, work);

const append = (prefix: string, count: number) =>
  asClient((table) => table.add(sampleRows(count, 8, prefix) as Record<string, unknown>[]));

/** How many rows each search found, one after the other, until the work ended. */
async function rowsSeenWhile(work: Promise<unknown>): Promise<number[]> {
  const seen: number[] = [];
  let busy = true;
  const ended = work.finally(() => {
    busy = false;
  });
  while (busy) seen.push((await search("strong")).rows);
  await ended;
  return seen;
}

const copies = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("generation-"));

async function filesOfCopies(): Promise<string[]> {
  const found = await readdir(tmpdir(), { recursive: true, withFileTypes: true });
  const paths = found.filter((one) => one.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return paths.filter((path) => path.includes("/generation-"));
}

test("the first answer comes from the store, the next from a replica, without a request", async () => {
  expect(await search()).toMatchObject({ cache: "cold", onDisk: [], rows });
  await warm.copies.idle();
  proxy.resetCounts();
  for (let i = 0; i < 5; i++) expect(await search()).toMatchObject({ cache: "replica", rows, first: "d0" });
  const document = { index: "docs", docId: "d7", consistency: "eventual" } as const;
  expect(await fetchDocument(warm.indexes, document, 10_000)).toMatchObject({ doc_id: "d7" });
  expect(proxy.counts.requests).toBe(0);
});

test("until its vectors are on the disk an index is searched with the settings that do not refine", async () => {
  await lakehouse.open().registry.update("docs", (entry) => {
    if (!entry?.published) throw new Error("nothing is published");
    const { atK: _, ...recall } = entry.published.recall; // which has settings of its own for so many hits
    const settings = { searchDefaults: { nprobes: 2, refineFactor: 2 }, unrefinedDefaults: { nprobes: 3 } };
    return { ...entry, published: { ...entry.published, ...settings, recall } };
  });
  expect(await search()).not.toHaveProperty("refineFactor");
  await warm.copies.idle();
  expect(await search()).toMatchObject({ cache: "replica", nprobes: 2, refineFactor: 2 });
});

test("an index may be named as the folder of a table's rows", async () => {
  await migrate("data", 50);
  expect(await replicated("data")).toMatchObject({ cache: "replica", rows: 50 });
});

test("an index that is warmed has its replica before the first search", async () => {
  const warmed = await warmIndex(warm.indexes, "docs", 30_000);
  expect(warmed).toMatchObject({ state: "warm", performance: { cache: "replica", onDisk: whole } });
  expect(warmed.performance.bytes).toBeGreaterThan(0);
  proxy.resetCounts();
  expect(await search()).toMatchObject({ cache: "replica", rows, first: "d0" });
  expect(await warmIndex(warm.indexes, "docs", 30_000)).toMatchObject({ state: "warm" });
  expect(proxy.counts.requests).toBe(0);
});

test("where there is no room for a replica the caches are warmed", async () => {
  await warm.close();
  warm = warmContainer(1_000);
  const warmed = await warmIndex(warm.indexes, "docs", 30_000);
  expect(warmed).toMatchObject({ state: "warm", performance: { cache: "warm", bytes: null, onDisk: [] } });
  expect(given()).toEqual(["replica no-room"]);
});

test("rows that others append are seen at once when strong, and within five seconds: no replica hides them", async () => {
  expect(await replicated()).toMatchObject({ cache: "replica", rows });
  await append("new", 5);
  expect(await search("strong")).toMatchObject({ cache: "replica", onDisk: whole, rows: rows + 5 });
  await append("newer", 5);
  now += 4_999;
  expect(await search()).toMatchObject({ rows: rows + 10 });
  await warm.copies.idle(); // of the version between, where that took longer
  expect(await replicated()).toMatchObject({ cache: "replica", rows: rows + 10 });
});

test("whether it is the newest costs one request beside the registry's, a strong search two, and no list", async () => {
  await replicated();
  now += 10_000;
  proxy.resetCounts();
  expect(await search()).toMatchObject({ cache: "replica", rows });
  expect(proxy.counts.operations).toEqual({ GetObject: 1 });
  proxy.resetCounts();
  expect(await search("strong")).toMatchObject({ cache: "replica", rows });
  expect(proxy.counts.operations).toEqual({ GetObject: 2 });
});

test("as long as its owner lets it be old, a search after a pause asks nobody; never, each asks as a strong one", async () => {
  const allow = (maxStalenessMs: number) => changeIndex(lakehouse.open(), "docs", { maxStalenessMs });
  await allow(3_600_000);
  await replicated();
  now += 1_700_000;
  proxy.resetCounts();
  expect(await search()).toMatchObject({ cache: "replica", rows, viewAgeMs: 1_700_000 });
  expect(proxy.counts.requests).toBe(0);
  await allow(0);
  await search("strong");
  proxy.resetCounts();
  expect(await search()).toMatchObject({ cache: "replica", rows, viewAgeMs: 0 });
  expect(proxy.counts.operations).toEqual({ GetObject: 2 });
});

describe("a version that was removed before it was asked for", () => {
  beforeEach(async () => {
    await replicated();
    await append("new", 5);
    await asClient(async (table) => {
      await table.optimize();
      for (let i = 0; i < 2; i++)
        await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
    });
  });

  test("hides no later one from a strong search", async () => {
    expect(await search("strong")).toMatchObject({ rows: rows + 5 });
  });

  test("hides it for half a minute at most from an eventual one", async () => {
    now += 30_000;
    expect(await search()).toMatchObject({ rows: rows + 5 });
  });
});

test("another version costs only what is new of it", async () => {
  await replicated();
  await append("new", 5);
  await search("strong");
  proxy.resetCounts();
  await warm.copies.idle();
  expect(await search("strong")).toMatchObject({ cache: "replica", rows: rows + 5 });
  expect(proxy.counts.bytesDown).toBeLessThan(20_000);
});

test("every answer is of one version while others append", async () => {
  await replicated();
  const appending = (async () => {
    for (let i = 0; i < 5; i++) await append(`batch-${i}-`, 1);
  })();
  const seen = await rowsSeenWhile(appending);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect((await search("strong")).rows).toBe(rows + 5);
});

test("every answer has all rows while a client optimizes the table under its replica", async () => {
  await replicated();
  await append("new", 5);
  const optimizing = (async () => {
    for (let i = 0; i < 3; i++) {
      await asClient((table) => table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true }));
      await append(`batch-${i}-`, 1);
    }
  })();
  const seen = await rowsSeenWhile(optimizing);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen[0]).toBeGreaterThanOrEqual(rows + 5);
  await warm.copies.idle();
  expect(await search("strong")).toMatchObject({ rows: rows + 8 });
});

test("what an optimize job publishes takes the place of the replica, also in a container that was frozen meanwhile", async () => {
  await replicated();
  await append("new", 5);
  const optimize = { type: "optimize", index: "docs" };
  expect((await runJob(lakehouse.open(), optimize)).error).toBeNull();
  expect(await search("strong")).toMatchObject({ generation: "g2", rows: rows + 5 });
  await warm.copies.idle();
  expect(await search()).toMatchObject({ cache: "replica", generation: "g2", rows: rows + 5 });
  await asClient((table) => table.add(sampleRows(4, 8, "later") as Record<string, unknown>[]), "g2");
  expect((await runJob(lakehouse.open(), optimize)).error).toBeNull();
  now += 3_600_000;
  expect(await search()).toMatchObject({ generation: "g3", rows: rows + 9 });
});

test("a generation that is published takes the place of the old one's replica, whose files go", async () => {
  const before = await copies();
  await replicated();
  await migrate("docs", 400);
  expect(await search("strong")).toMatchObject({ generation: "g2", rows: 400 });
  await warm.copies.idle();
  expect(await search()).toMatchObject({ cache: "replica", generation: "g2", rows: 400 });
  await expect.poll(async () => (await copies()).length).toBe(before.length + 1);
});

test("an index that was dropped is not served from its replica", async () => {
  await replicated();
  const { registry, generations } = lakehouse.open();
  await dropIndex(registry, generations, "docs");
  await expect(search("strong")).rejects.toMatchObject({ kind: "IndexNotFound" });
  now += 4_999;
  await expect(search()).rejects.toMatchObject({ kind: "IndexNotFound" });
});

test("a container that was frozen for an hour answers with what is there now", async () => {
  await replicated();
  await migrate("docs", 400);
  now += 3_600_000;
  expect(await search()).toMatchObject({ generation: "g2", rows: 400 });
});

test("a replica whose files are damaged is given up for the store, and another takes its place", async () => {
  await replicated();
  await expect.poll(copies).toHaveLength(1); // the copy of the index alone goes
  const [folder = ""] = await copies();
  const data = join(tmpdir(), folder, "g1.lance/data");
  for (const name of await readdir(data)) await writeFile(join(data, name), "damaged");
  const document = { index: "docs", docId: "d9", consistency: "eventual" } as const;
  expect(await fetchDocument(warm.indexes, document, 10_000)).toMatchObject({ doc_id: "d9" });
  await expect.poll(copies).not.toContain(folder);
  await warm.copies.idle();
  expect(await search()).toMatchObject({ cache: "replica", rows });
  expect(given()).toContain("replica unreadable");
});

test("of two indexes for which there is no room together the one used last is kept", async () => {
  await migrate("others", rows);
  await warm.close();
  const files = await lakehouse.stores(lakehouse.bucket).list("lance/docs/g1.lance/");
  warm = warmContainer(Math.floor(1.5 * files.reduce((sum, { bytes }) => sum + bytes, 0)));
  expect(await replicated("docs")).toMatchObject({ cache: "replica" });
  expect(await replicated("others")).toMatchObject({ cache: "replica" });
  expect(await search("eventual", "docs")).toMatchObject({ cache: "warm", rows });
});

test("an index that is too large is served from the store, and not copied again and again", async () => {
  await warm.close();
  warm = warmContainer(1_000);
  expect(await replicated()).toMatchObject({ cache: "warm", rows });
  proxy.resetCounts();
  await search();
  await warm.copies.idle();
  expect(proxy.counts.operations.ListObjects ?? 0).toBe(0);
});

test("a copy whose indexes cannot be read leaves nothing on the disk", async () => {
  const store = lakehouse.stores(lakehouse.bucket);
  const damaged = new TextEncoder().encode("damaged");
  for (const { key } of await store.list("lance/docs/g1.lance/_indices/")) await store.put(key, damaged);
  const { published } = (await lakehouse.open().registry.get("docs")).value;
  if (!published) throw new Error("nothing is published");
  const { bucket, generation, recall } = published;
  const before = await copies();
  const ref = { bucket, index: "docs", generation };
  await warm.copies.replicas.fill({ ref, published, version: recall.version ?? 0 });
  await expect.poll(copies).toEqual(before);
  expect(given()).toEqual(["replica not-copied"]);
});

test("a closed container leaves nothing on the disk", async () => {
  const before = await copies();
  await replicated();
  await warm.close();
  expect(await copies()).toEqual(before);
  warm = warmContainer();
});

describe("until there is a replica, with a copy of the index", () => {
  beforeEach(async () => {
    await warm.close();
    warm = warmContainer(gigabyte, "indexes");
  });

  async function nearest(consistency: Consistency = "eventual") {
    const request = parseSearchRequest({ vector: query, k: 5, consistency });
    const { hits } = await searchIndex(warm.indexes, "docs", request, 10_000);
    return hits;
  }

  test("hits are those of the store, and only their rows are read from there", async () => {
    const hits = await nearest();
    expect(await copies()).toHaveLength(1);
    const kinds = (await filesOfCopies()).map((path) => path.replace(/.*\.lance\/|[0-9a-f-]{36}\//g, ""));
    expect(kinds.sort()).toEqual([
      "_indices/auxiliary.idx",
      "_indices/index.idx",
      expect.stringMatching(/^_versions\/\d+\.manifest$/),
    ]);
    proxy.resetCounts();
    expect(await nearest()).toEqual(hits);
    expect(proxy.counts.operations.ListObjects ?? 0).toBe(0);
    expect(proxy.counts.requests).toBeLessThan(10);
    await warm.close();
    warm = warmContainer(0);
    expect(await nearest()).toEqual(hits);
  });

  test("the answers say that it is there, and nothing else", async () => {
    await nearest();
    expect(await search()).toMatchObject({ cache: "warm", onDisk: ["index"] });
    const { performance } = await warmIndex(warm.indexes, "docs", 30_000);
    expect(performance).toMatchObject({ cache: "warm", onDisk: ["index"] });
  });

  test.each(["cosine", "l2", "dot"])(
    "refined by %s, hits are those of the store, of which only candidates are read",
    async (metric) => {
      const index = `coarse-${metric}`;
      await migrate(index, rows, { indexType: "IVF_PQ", metric });
      const refined = async () => {
        const request = parseSearchRequest({ vector: query, k: 5, nprobes: 1, refineFactor: 4 });
        return (await searchIndex(warm.indexes, index, request, 10_000)).hits;
      };
      const hits = await refined();
      proxy.resetCounts();
      expect(await refined()).toEqual(hits);
      expect(proxy.counts.operations.ListObjects ?? 0).toBe(0);
      expect(proxy.counts.requests).toBeLessThan(10);
      await warm.close();
      warm = warmContainer(0);
      const stored = await refined();
      expect(hits.map(({ doc_id }) => doc_id)).toEqual(stored.map(({ doc_id }) => doc_id));
      for (const [i, { distance }] of stored.entries())
        expect(hits[i]?.distance).toBeCloseTo(distance as number, 5);
    },
  );

  test("what goes on behind an answer begins when all of it is there", async () => {
    await migrate("coarse", rows, { indexType: "IVF_PQ" });
    const behind = vi.spyOn(warm.copies, "behind");
    const asked: number[] = [];
    behind.mockImplementation(() => void asked.push(proxy.counts.requests));
    const request = parseSearchRequest({ vector: query, k: 5, nprobes: 1, refineFactor: 4 });
    await searchIndex(warm.indexes, "coarse", request, 10_000);
    expect(asked).toEqual([proxy.counts.requests]);
  });

  test("rows that are not indexed are found, too", async () => {
    await nearest();
    await append("new", 1); // the same vector as d0
    const ids = (await nearest("strong")).map(({ doc_id }) => doc_id);
    expect(ids.slice(0, 2).sort()).toEqual(["d0", "new0"]);
    proxy.resetCounts();
    await nearest();
    expect(proxy.counts.operations.ListObjects ?? 0).toBe(0); // not copied again
    expect(given()).toEqual(["index-copy rows-not-indexed"]);
  });

  test("a row that was deleted is no hit", async () => {
    expect((await nearest()).map(({ doc_id }) => doc_id)).toContain("d0");
    await asClient((table) => table.delete("doc_id = 'd0'"));
    const hits = await nearest("strong");
    expect(hits).toHaveLength(5);
    expect(hits.map(({ doc_id }) => doc_id)).not.toContain("d0");
  });

  test("a table that moves on under a search is searched as a whole", async () => {
    const [first] = await nearest();
    const writing = asClient(async (table) => {
      for (let i = 0; i < 5; i++)
        await table.update({ where: "doc_id = 'd7'", values: { chunk_text: `${i}` } });
    });
    let busy = true;
    void writing.finally(() => {
      busy = false;
    });
    while (busy) {
      const [one] = await nearest("strong");
      expect(one?.doc_id).toBe("d0");
      expect(one?.distance).toBeCloseTo(first?.distance ?? 0, 5);
    }
    await writing;
  });
});

describe.each([true, false])("with a copy of all but the vectors, opened by parts: %s", (isOpened) => {
  beforeAll(() => {
    isWithOpenings = isOpened;
  });

  afterAll(() => {
    isWithOpenings = true;
  });

  const many = 40_000;
  const bytesOfVectors = many * 8 * 4;
  const withoutVectors = { cache: "warm", onDisk: ["index", "rows"] };

  beforeEach(() => migrate("large", many));

  async function publication() {
    const { published } = (await lakehouse.open().registry.get("large")).value;
    if (!published) throw new Error("nothing is published");
    const { bucket, generation, recall } = published;
    return { ref: { bucket, index: "large", generation }, version: recall.version ?? 0 };
  }

  /** In the only data file: values, and which of them there are. */
  async function placesOfVectors(): Promise<ByteRange[]> {
    const { ref, version } = await publication();
    const store = lakehouse.stores(ref.bucket);
    const { files, manifest } = await filesOfVersion(store, folderOf(ref), version);
    const places = await vectorBytes(store, files, manifest, "vector", unobserved);
    expect(places.size).toBe(1);
    return [...places.values()].flat();
  }

  /** How many of the bytes that a request reads are those of vectors. */
  const bytesOfVectorsIn = ({ path, headers }: ProxiedRequest, vectors: ByteRange[]) => {
    const [, first = "0", last = "-1"] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? "") ?? [];
    const common = vectors.map(
      ({ start, end }) => Math.min(end, Number(last) + 1) - Math.max(start, Number(first)),
    );
    return path.includes("/data/") ? common.reduce((sum, bytes) => sum + Math.max(0, bytes), 0) : 0;
  };

  /**
   * Reads of most of the vectors meet this before they reach the store.
   * @returns what is read beside vectors from then on
   */
  async function meetVectors(fault: Fault): Promise<string[]> {
    const vectors = await placesOfVectors();
    const others: string[] = [];
    proxy.fault = (request) => {
      const bytes = bytesOfVectorsIn(request, vectors);
      if (bytes === 0) others.push(`${request.operation} ${request.path}`);
      return bytes > bytesOfVectors / 2 ? fault : latency;
    };
    return others;
  }

  const delayVectors = (ms: number) =>
    meetVectors({ kind: "delay", ms, ...(latency ? { next: latency } : {}) });

  const requests = {
    plain: {},
    "with vectors": { select: ["vector", "chunk_text"] },
    filtered: { filter: { op: "lt", column: "chunk_text", value: "text 2" } },
    refined: { refineFactor: 3 },
  };

  async function found(request: object) {
    const parsed = parseSearchRequest({ vector: query, k: 5, ...request });
    const { hits, performance } = await searchIndex(warm.indexes, "large", parsed, 10_000);
    return { hits, cache: performance.cache, onDisk: performance.onDisk };
  }

  const document = (select?: string[]) => {
    const request = { index: "large", docId: "d77", consistency: "eventual" as const };
    return fetchDocument(warm.indexes, { ...request, ...(select ? { select } : {}) }, 10_000);
  };

  /** Refined here, distances differ from LanceDB's in their last bits. */
  const rounded = (hits: Hit[]) =>
    hits.map((hit) => ({ ...hit, distance: hit.distance?.toFixed(5), score: hit.score.toFixed(5) }));

  async function allAnswers() {
    const hits: unknown[] = [];
    for (const request of Object.values(requests)) {
      const answer = await found(request);
      hits.push(request === requests.refined ? rounded(answer.hits) : answer.hits);
    }
    return [...hits, await document(), await document(["vector"])];
  }

  async function answersOfTheStore() {
    await warm.close();
    warm = warmContainer(0);
    const answers = await allAnswers();
    await warm.close();
    return answers;
  }

  test("hits and documents come from it, without a request, while the vectors are on their way", async () => {
    const expected = await answersOfTheStore();
    const others = await meetVectors({ kind: "held" });
    warm = warmContainer();
    await found(requests.plain);
    const { ref, version } = await publication();
    const hasRows = () => warm.copies.replicas.openAt(ref, version)?.copy.hasRows;
    await expect.poll(hasRows, { timeout: 20_000 }).toBe(true);
    others.length = 0;
    expect(await found(requests.plain)).toEqual({ hits: expected[0], ...withoutVectors });
    expect(await document()).toEqual(expected[4]);
    expect(others).toEqual([]);
    expect(await allAnswers()).toEqual(expected);
    await expect.poll(() => proxy.counts.faults.held).toBe(1);
    proxy.release();
    await warm.copies.idle();
    expect(await found(requests.plain)).toMatchObject({ cache: "replica", onDisk: whole });
    expect(await allAnswers()).toEqual(expected);
  });

  test("rows that the index lacks are found while the vectors are on their way", async () => {
    const vector = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 1 : -1)); // nobody's direction
    const apart = sampleRows(1, 8, "unindexed").map((row) => ({ ...row, vector }));
    await asClient((table) => table.add(apart as never[]), "g1", "large");
    await delayVectors(1_000);
    warm = warmContainer();
    const request = { ...requests.plain, vector, k: 3 };
    const nearest = async () => (await found(request)).hits[0];
    const first = await nearest();
    expect(first).toMatchObject({ doc_id: expect.stringContaining("unindexed") });
    for (let i = 0; i < 20; i++) expect(await nearest()).toEqual(first);
    await warm.copies.idle();
    expect(await nearest()).toEqual(first);
  });

  test("it is kept where there is no room for the vectors, and the index linked from it", async () => {
    const expected = await answersOfTheStore();
    const files = await lakehouse.stores(lakehouse.bucket).list("lance/large/g1.lance/");
    warm = warmContainer(
      files.reduce((sum, { bytes }) => sum + bytes, 0) - bytesOfVectors / 2,
      "indexes by links",
    );
    await found(requests.plain);
    await warm.copies.idle();
    expect(await found(requests.plain)).toEqual({ hits: expected[0], ...withoutVectors });
    proxy.resetCounts();
    await found(requests.plain);
    await document();
    expect(proxy.counts.requests).toBe(0);
    expect(await allAnswers()).toEqual(expected);
    expect(given("large")).toContain("replica no-room-for-vectors");
  });

  test("it leaves nothing on the disk when its container closes before the vectors are there", async () => {
    const before = await copies();
    await delayVectors(1_000);
    await found(requests.plain);
    await expect.poll(async () => (await copies()).length).toBe(before.length + (isOpened ? 1 : 2));
    await warm.close();
    expect(await copies()).toEqual(before);
    warm = warmContainer();
  });
});
