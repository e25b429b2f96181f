import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { catchUp } from "../../lib/domain/documents/catch-up.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import { publishedOf } from "../../lib/domain/index/published.ts";
import { fetchDocuments } from "../../lib/domain/search/fetch-document.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { s3Places } from "../support/stack-stores.ts";

/** An hour, or as many minutes as `MIXED_MINUTES` says. */
const minutes = Number(process.env["MIXED_MINUTES"] ?? 60);
const [index, dimension, rows] = ["mixed", 64, 12_000];
const minuteMs = 60_000;
/** Between the first third and the end. */
const mostGrowth = { rssMb: 250, files: 400, bytes: 3 };

interface Minute {
  rssMb: number;
  storedFiles: number;
  storedBytes: number;
  copiedFiles: number;
  p50: number;
  writes: number;
}

describe("a container that searches what another writes to, with the jobs that this sets off", () => {
  let lakehouse: S3Lakehouse;
  let writer: Container;
  const texts = new Map<string, string>();
  const random = seededRandom(23);
  const vectorOf = () => Array.from({ length: dimension }, () => random() - 0.5);

  beforeAll(async () => {
    lakehouse = await createS3Lakehouse(s3Places.MinIO());
    writer = lakehouse.open();
    const columns = [{ name: "chunk_text", type: "Utf8" }];
    const request = { name: index, bucket: lakehouse.bucket, dimension, columns, indexType: "IVF_FLAT" };
    await createIndex(writer, createRequest.parse(request), undefined);
    for (let from = 0; from < rows; from += 2_000)
      await write(
        Array.from({ length: 2_000 }, (_, i) => `d${from + i}`),
        "first",
      );
  });

  afterAll(() => lakehouse?.remove());

  async function write(ids: string[], chunk_text: string) {
    const documents = ids.map((doc_id) => ({ doc_id, vector: vectorOf(), chunk_text }));
    await writeDocuments(writer, { index, mode: "upsert", documents, keyed: undefined }, 30_000);
    for (const id of ids) texts.set(id, chunk_text);
  }

  async function searched(reader: Container) {
    const request = parseSearchRequest({ vector: vectorOf(), k: 10, select: [] });
    const started = performance.now();
    const { hits } = await searchIndex(reader.indexes, index, request, 30_000);
    expect(new Set(hits.map(({ doc_id }) => doc_id)).size).toBe(10);
    return performance.now() - started;
  }

  /** As hourly, but of all that later versions have taken the place of. */
  async function prune(minute: number) {
    const hoursLater = 8 * 24 + 2 * minute;
    const clock = { now: () => Date.now() + hoursLater * 60 * minuteMs };
    const list = new EntryList(writer.stores("primary"), writer.clock);
    const notPruned = (_: string, error: unknown) => {
      throw error;
    };
    await catchUp({ ...writer, clock, notPruned }, list);
  }

  async function stored() {
    const { bucket, generation } = publishedOf((await writer.registry.get(index)).value);
    const files = await writer.stores(bucket).list(`lance/${index}/${generation}.lance/`);
    return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  async function copiedFiles(): Promise<number> {
    const own = (await readdir(tmpdir())).filter((name) => name.startsWith(`generation-${process.pid}-`));
    const found = own.map((name) => readdir(join(tmpdir(), name), { recursive: true }).catch(() => []));
    return (await Promise.all(found)).flat().length;
  }

  async function oneMinute(reader: Container, minute: number): Promise<Minute> {
    const until = performance.now() + minuteMs;
    const times: number[] = [];
    let writes = 0;
    const writing = (async () => {
      for (; performance.now() < until; writes++) {
        const n = texts.size + writes;
        const id = writes % 4 === 0 ? `n${n}` : `d${Math.floor(random() * rows)}`;
        await write([id], `${n}`);
      }
    })();
    while (performance.now() < until) times.push(await searched(reader));
    await writing;
    await prune(minute);
    const { files, bytes } = await stored();
    const rssMb = Math.round(process.memoryUsage().rss / 2 ** 20);
    const p50 = times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
    return { rssMb, storedFiles: files, storedBytes: bytes, copiedFiles: await copiedFiles(), p50, writes };
  }

  test(
    `its memory, the files and the bytes stay as they are for ${minutes} minutes, and every document is as it was written last`,
    async ({ task }) => {
      const reader = lakehouse.open();
      const seen: Minute[] = [];
      for (let minute = 0; minute < minutes; minute++) seen.push(await oneMinute(reader, minute));
      task.meta.figures = figuresOf(seen);
      const [first, last] = [seen[Math.floor(minutes / 3)], seen.at(-1)] as [Minute, Minute];
      expect(last.rssMb - first.rssMb).toBeLessThan(mostGrowth.rssMb);
      expect(last.storedFiles).toBeLessThan(first.storedFiles + mostGrowth.files);
      expect(last.copiedFiles).toBeLessThan(first.copiedFiles + mostGrowth.files);
      expect(last.storedBytes).toBeLessThan(first.storedBytes * mostGrowth.bytes);
      await expectAll(reader);
    },
    (minutes + 10) * minuteMs,
  );

  async function expectAll(reader: Container) {
    const ids = [...texts.keys()];
    const found = new Map<string, unknown>();
    for (let at = 0; at < ids.length; at += 1_000) {
      const asked = { ids: ids.slice(at, at + 1_000), consistency: "strong" as const };
      const { documents } = await fetchDocuments(reader.indexes, index, asked, 30_000);
      for (const { doc_id, chunk_text } of documents) found.set(doc_id, chunk_text);
    }
    expect(found).toEqual(texts);
    const { bucket, generation } = publishedOf((await writer.registry.get(index)).value);
    expect(await writer.generations.rowsOf({ index, bucket, generation })).toBe(texts.size);
  }
});

function figuresOf(seen: Minute[]): string {
  const some = seen.filter((_, minute) => minute % Math.max(1, Math.floor(seen.length / 6)) === 0);
  const shown = some.map(
    ({ rssMb, storedFiles, storedBytes, copiedFiles, p50, writes }) =>
      `${rssMb} MB, ${storedFiles} files and ${(storedBytes / 1e6).toFixed(0)} MB stored, ${copiedFiles} on the disk, p50 ${p50.toFixed(1)} ms, ${writes} writes`,
  );
  return `by minute: ${shown.join("; ")}`;
}
