import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { runJob } from "../support/lakehouse.ts";
import { asLanceClient } from "../support/lance-client.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";
import { type WarmContainer, type WarmOptions, warmContainer } from "../support/warm-container.ts";

const systemTmpdir = tmpdir();
const count = 20_000;
const dimension = 8;
const rows = sampleRows(count, dimension);
const bytesOfVectors = count * dimension * 4;
/** All that a container looks at is as old as its first look, unless a search is a strong one. */
const now = Date.now();

let lakehouse: S3Lakehouse;
let proxy: FaultProxy;
let warm: WarmContainer | undefined;
let generation: string;
let bytes: number;

beforeAll(async () => {
  lakehouse = await createS3Lakehouse(s3Places.MinIO());
  await lakehouse.stores(lakehouse.bucket).put("docs.parquet", parquetBytes(rows));
});

afterAll(() => lakehouse.remove());

beforeEach(async () => {
  process.env["TMPDIR"] = await mkdtemp(join(systemTmpdir, "text-on-copies-"));
  proxy = await FaultProxy.start(s3Places.MinIO().endpoint);
  await migrate();
});

afterEach(async () => {
  await warm?.close();
  await proxy.stop();
  await rm(tmpdir(), { recursive: true, force: true });
  process.env["TMPDIR"] = systemTmpdir;
});

/** Anew: what a test has written is gone. */
async function migrate(): Promise<void> {
  const { bucket } = lakehouse;
  const input = { type: "migrate", index: "docs", source: `${bucket}/docs.parquet`, bucket };
  const more = { indexType: "IVF_FLAT", fullText: [{ column: "chunk_text" }], onWrites: "discard" };
  const job = await runJob(lakehouse.open(), { ...input, ...more });
  expect(job.error).toBeNull();
  generation = job.generation ?? "";
  const files = await lakehouse.stores(bucket).list(`lance/docs/${generation}.lance/`);
  bytes = files.reduce((sum, file) => sum + file.bytes, 0);
}

const open = (options: Partial<WarmOptions> = {}) =>
  warmContainer(lakehouse, { endpoint: proxy.endpoint, now: () => now, ...options });

async function search(container: WarmContainer, body: object) {
  const request = parseSearchRequest({ k: 5, ...body });
  return searchIndex(container.indexes, "docs", request, 30_000);
}

const words = "77 4711 later";
const asked = {
  words: { text: words },
  "a tree": {
    text: {
      op: "boolean",
      must: [{ op: "phrase", query: "text 77" }],
      should: [{ op: "match", query: "later" }],
    },
  },
  filtered: { text: words, filter: { op: "ne", column: "doc_id", value: "d77" } },
  beginnings: {
    text: { op: "prefix", query: "471" },
    filter: { op: "in", column: "doc_id", values: ["d4711", "d4710", "d4720"] },
  },
  both: { text: words, vector: rows[9]?.vector, k: 20 },
};

async function answersOf(container: WarmContainer): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const one of Object.values(asked)) {
    const { hits, performance } = await search(container, one);
    answers.push({ hits, beside: performance.textUnindexedRows });
  }
  return answers;
}

/** As a container says them that copies nothing. */
async function answersOfTheStore(): Promise<unknown[]> {
  const bare = open({ maxBytes: 0 });
  try {
    return await answersOf(bare);
  } finally {
    await bare.close();
  }
}

/** Of words that rows have which no index of text holds. */
async function writeLater(prefix: string): Promise<void> {
  const later = sampleRows(3, dimension, prefix).map((row, i) => ({ ...row, chunk_text: `77 later ${i}` }));
  const place = { index: "docs", generation };
  await asLanceClient(lakehouse, s3Places.MinIO(), place, (table) => table.add(later as never[]));
}

const idsOf = ({ hits }: Awaited<ReturnType<typeof search>>) => hits.map(({ doc_id }) => doc_id);

test("words find in a replica what they find in the store, without a request, beside its text index, too", async () => {
  warm = open();
  await search(warm, asked.words);
  await warm.copies.idle();
  for (const prefix of ["", "early", "late"]) {
    if (prefix) await writeLater(prefix);
    const strong = await search(warm, { ...asked.words, k: 10, consistency: "strong" });
    if (prefix) expect(idsOf(strong)).toContain(`${prefix}1`);
    await warm.copies.idle();
    const expected = await answersOfTheStore();
    proxy.resetCounts();
    const { performance } = await search(warm, asked.words);
    expect(performance).toMatchObject({ cache: "replica", onDisk: ["index", "rows", "vectors"] });
    expect(await answersOf(warm)).toEqual(expected);
    expect(proxy.counts.requests).toBe(0);
  }
});

const partial: Record<string, () => Partial<WarmOptions>> = {
  "its vector index alone": () => ({ kinds: "indexes" }),
  "all but its vectors": () => ({
    kinds: "indexes by links",
    maxBytes: Math.floor(bytes - bytesOfVectors / 2),
  }),
};

test.each(Object.keys(partial))(
  "with a copy of %s words find what they find in the store, and what was written since",
  async (name) => {
    warm = open(partial[name]?.());
    const expected = await answersOfTheStore();
    for (const _ of ["before the copy", "with it"]) {
      expect(await answersOf(warm)).toEqual(expected);
      await warm.copies.idle();
    }
    const { onDisk } = (await search(warm, { vector: rows[0]?.vector })).performance;
    expect(onDisk).toEqual(name === "all but its vectors" ? ["index", "rows"] : ["index"]);
    await writeLater(`after ${onDisk?.length} `);
    const strong = await search(warm, { ...asked.words, k: 20, consistency: "strong" });
    expect(idsOf(strong)).toContain(`after ${onDisk?.length} 1`);
    expect(await answersOf(warm)).toEqual(await answersOfTheStore());
  },
);
