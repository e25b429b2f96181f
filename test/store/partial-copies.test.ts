import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Table } from "@lancedb/lancedb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { decodeOpening } from "../../lib/adapters/lance/opening/opening.ts";
import { openingOf } from "../../lib/adapters/lance/opening/stored-openings.ts";
import { DomainError } from "../../lib/domain/errors.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { type Fault, FaultProxy, type ProxiedRequest } from "../support/fault-proxy.ts";
import { runJob } from "../support/lakehouse.ts";
import { asLanceClient } from "../support/lance-client.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { between, seededRandom } from "../support/seeded-random.ts";
import { s3Places } from "../support/stack-stores.ts";
import { type WarmContainer, type WarmOptions, warmContainer } from "../support/warm-container.ts";

const systemTmpdir = tmpdir();
const rows = 40_000;
const dimension = 8;

let lakehouse: S3Lakehouse;
let proxy: FaultProxy;
let warm: WarmContainer;
let openings: Record<string, Uint8Array>;
/** Of the first index, as the store says them. */
let expected: unknown[];

const random = seededRandom(11);
const queries = Array.from({ length: 12 }, () => Array.from({ length: dimension }, () => random() - 0.5));

beforeAll(async () => {
  lakehouse = await createS3Lakehouse(s3Places.MinIO());
  openings = {};
  for (const index of ["first", "second"]) {
    await migrate(index);
    openings[index] = await storedOpening(index);
  }
  const store = open({ endpoint: s3Places.MinIO().endpoint, maxBytes: 0 });
  expected = await answersOf(store);
  await store.close();
});

afterAll(() => lakehouse.remove());

beforeEach(async () => {
  process.env["TMPDIR"] = await mkdtemp(join(systemTmpdir, "partial-copies-"));
  proxy = await FaultProxy.start(s3Places.MinIO().endpoint);
  warm = open();
});

afterEach(async () => {
  proxy.fault = () => undefined;
  proxy.release();
  await warm.close();
  await proxy.stop();
  for (const [index, opening] of Object.entries(openings)) await putOpening(index, opening);
  await rm(tmpdir(), { recursive: true, force: true });
  process.env["TMPDIR"] = systemTmpdir;
});

const open = (options: Partial<WarmOptions> = {}) =>
  warmContainer(lakehouse, { endpoint: proxy?.endpoint, ...options });

async function migrate(index: string, count = rows): Promise<void> {
  await lakehouse
    .stores(lakehouse.bucket)
    .put(`${index}.parquet`, parquetBytes(sampleRows(count, dimension, index)));
  const source = `${lakehouse.bucket}/${index}.parquet`;
  const input = { type: "migrate", index, source, bucket: lakehouse.bucket, indexType: "IVF_FLAT" };
  expect((await runJob(lakehouse.open(), input)).error).toBeNull();
}

async function storedOpening(index: string): Promise<Uint8Array> {
  const stored = await lakehouse.stores("primary").get(openingOf(index));
  if (!stored) throw new Error("there is no opening");
  return stored.body;
}

const putOpening = (index: string, body: Uint8Array) =>
  lakehouse.stores("primary").put(openingOf(index), body);

async function hitsOf(container: WarmContainer, vector: number[], index = "first") {
  const request = parseSearchRequest({ vector, k: 5, nprobes: 2 });
  return (await searchIndex(container.indexes, index, request, 30_000)).hits;
}

async function answersOf(container: WarmContainer): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const vector of queries) answers.push(await hitsOf(container, vector));
  return answers;
}

const given = (index = "first") =>
  warm.fallbacks
    .seen(index)
    .map(({ fastPath, reason }) => `${fastPath} ${reason}`)
    .sort();

const copies = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("generation-"));

/** LanceDB reads the store by its own client. */
const isOurs = ({ headers }: ProxiedRequest) => !/object_store/.test(headers["user-agent"] ?? "");
const isOfRows = (request: ProxiedRequest) => isOurs(request) && request.path.includes("/data/");
const isOfIndex = (request: ProxiedRequest) => isOurs(request) && request.path.endsWith(".idx");

test("parts of two indexes answer as their store does", async () => {
  expect(await answersOf(warm)).toEqual(expected);
  expect(given()).toEqual([]);
});

describe("of a store whose answers", () => {
  const faults: Record<string, Fault> = {
    "break off": { kind: "reset", at: "answer" },
    "are short": { kind: "short" },
    "never begin": { kind: "reset" },
  };

  test.each(Object.keys(faults))("%s now and then, no hit is another", async (name) => {
    let asked = 0;
    proxy.fault = (request) =>
      isOurs(request) && request.headers.range && ++asked % 3 === 0 ? faults[name] : undefined;
    expect(await answersOf(warm)).toEqual(expected);
    await warm.copies.idle();
    expect(await answersOf(warm)).toEqual(expected);
  });

  test.each(Object.keys(faults))(
    "%s where partitions lie, the store is searched, and the next search has them",
    async (name) => {
      proxy.fault = (request) => (isOfIndex(request) ? faults[name] : undefined);
      expect([await hitsOf(warm, queries[0] as number[])]).toEqual(expected.slice(0, 1));
      expect(given()).toEqual(["partial-copy not-fetched"]);
      proxy.fault = () => undefined;
      expect(await answersOf(warm)).toEqual(expected);
      expect(given()).toEqual(["partial-copy not-fetched"]);
    },
  );

  test.each(Object.keys(faults))("%s where rows lie, those are read by LanceDB", async (name) => {
    proxy.fault = (request) => (isOfRows(request) ? faults[name] : undefined);
    expect([await hitsOf(warm, queries[0] as number[])]).toEqual(expected.slice(0, 1));
    expect(given()).toContain("partial-copy not-fetched");
    expect(given()).not.toContain("index-copy unreadable");
  });
});

describe("while partitions of a search are on their way", () => {
  beforeEach(() => {
    proxy.fault = (request) =>
      isOfIndex(request) && request.path.includes("/first/") ? { kind: "held" } : undefined;
  });

  const begun = () =>
    expect.poll(() => proxy.counts.faults.held ?? 0, { timeout: 10_000 }).toBeGreaterThan(0);

  test("its copy may give way to another: it is answered, and then its files go", async () => {
    await warm.close();
    const bytes = decodeOpening(openings["first"] as Uint8Array).files.reduce(
      (sum, file) => sum + file.bytes,
      0,
    );
    warm = open({ maxBytes: Math.floor(1.5 * bytes) });
    const searching = hitsOf(warm, queries[0] as number[]);
    await begun();
    const [before] = await copies();
    expect(await hitsOf(warm, queries[0] as number[], "second")).toHaveLength(5);
    proxy.release();
    expect([await searching]).toEqual(expected.slice(0, 1));
    await expect.poll(copies).not.toContain(before);
  });

  test("its container may close: nothing is left on the disk, and no answer is another", async () => {
    const searching = hitsOf(warm, queries[0] as number[]).catch((error) => error);
    await begun();
    const closing = warm.close();
    proxy.fault = () => undefined;
    proxy.release();
    const [answer] = await Promise.all([searching, closing]);
    if (!(answer instanceof DomainError)) expect([answer]).toEqual(expected.slice(0, 1));
    await expect.poll(copies).toEqual([]);
    warm = open();
  });
});

describe("with an opening", () => {
  const changed = (opening: Uint8Array, at: number) => opening.with(at, ((opening[at] ?? 0) + 1) % 256);
  const some = (length: number) => Array.from({ length: 6 }, () => between(random, 0, length - 1));

  async function answeredWith(opening: Uint8Array): Promise<unknown[]> {
    await putOpening("first", opening);
    await warm.close();
    warm = open();
    return answersOf(warm);
  }

  test("that is cut short, the index is searched without", async () => {
    const opening = openings["first"] as Uint8Array;
    for (const length of [0, 3, 4, 100, opening.length - 1, ...some(opening.length)]) {
      expect(await answeredWith(opening.subarray(0, length))).toEqual(expected);
      expect(given()).toEqual(["opening unreadable"]);
    }
  });

  test("that is garbage, too", async () => {
    const { length } = openings["first"] as Uint8Array;
    for (let i = 0; i < 3; i++) {
      expect(await answeredWith(Uint8Array.from({ length }, () => between(random, 0, 255)))).toEqual(
        expected,
      );
      expect(given()).toEqual(["opening unreadable"]);
    }
  });

  test("of which one byte is another, too", async () => {
    const opening = openings["first"] as Uint8Array;
    const header = new DataView(opening.buffer, opening.byteOffset).getUint32(0, true);
    for (const at of [...some(header), ...some(opening.length)]) {
      expect(await answeredWith(changed(opening, at))).toEqual(expected);
      expect(given()).toEqual(["opening unreadable"]);
    }
  });

  test("of another index, nothing of that is found", async () => {
    expect(await answeredWith(openings["second"] as Uint8Array)).toEqual(expected);
    expect(given()).toContain("opening of-another-table");
    await warm.copies.idle();
    expect(await answersOf(warm)).toEqual(expected);
  });

  const last = sampleRows(301, dimension, "last").slice(300);
  const nearestToLast = async (index: string) =>
    (await hitsOf(warm, last[0]?.vector ?? [], index))[0]?.doc_id;

  test("of an earlier generation, the rows of the later one are found", async () => {
    await migrate("moved", 300);
    const before = await storedOpening("moved");
    await migrate("moved", 301);
    await putOpening("moved", before);
    expect(await nearestToLast("moved")).toBe("moved300");
  });

  test("of an earlier version, what was appended since is found, also when that version has gone", async () => {
    await migrate("appended", 300);
    const table = { index: "appended", generation: "g1" };
    const asClient = (work: (table: Table) => Promise<unknown>) =>
      asLanceClient(lakehouse, s3Places.MinIO(), table, work);
    await asClient((table) => table.add(last as never[]));
    expect(await nearestToLast("appended")).toBe("last300");
    await asClient(async (table) => {
      for (let i = 0; i < 2; i++)
        await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
    });
    await warm.close();
    warm = open();
    expect(await nearestToLast("appended")).toBe("last300");
  });
});
