import { Int64 } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { type ListRequest, listDocuments } from "../../lib/domain/search/list-documents.ts";
import type { Document } from "../../lib/domain/search/search-response.ts";
import { warmIndex } from "../../lib/domain/search/warm-index.ts";
import type { Filter } from "../../lib/domain/values/filter.ts";
import { withTable } from "./append-rows.ts";
import { runJob } from "./lakehouse.ts";
import { parquetBytes, type Row, sampleRows } from "./parquet-files.ts";

/** Where documents are listed: a lakehouse with a bucket for sources and indexes. */
export interface ListedLakehouse {
  bucket: string;
  environment: Record<string, string>;
  open(more?: Record<string, string>): Container;
  remove(): Promise<void>;
}

const rows = 300;
const even: Filter = { op: "eq", column: "parity", value: "even" };

const numbered = (from: number, count: number): Row[] =>
  sampleRows(from + count)
    .slice(from)
    .map(({ vector, ...row }, i) => ({
      ...row,
      n: BigInt(from + i),
      parity: (from + i) % 2 === 0 ? "even" : "odd",
      vector,
    }));

/** Ids of documents d0, d1, …, those of which are left out for which `isLeft` is false. */
const idsTo = (count: number, isLeft: (n: number) => boolean = () => true) =>
  Array.from({ length: count }, (_, n) => n)
    .filter(isLeft)
    .map((n) => `d${n}`);

/** Holds what is promised of lists over a store of its own. */
export function describeListing(name: string, create: () => Promise<ListedLakehouse>): void {
  describe(`documents of ${name}, listed`, () => {
    let lakehouse: ListedLakehouse;
    let container: Container;

    beforeAll(async () => {
      lakehouse = await create();
      container = lakehouse.open();
    });

    afterAll(() => lakehouse?.remove());

    async function migrate(index: string, all = numbered(0, rows), more: object = {}): Promise<void> {
      const { bucket } = lakehouse;
      const types = { n: new Int64() };
      await container.stores(bucket).put(`sources/${index}.parquet`, parquetBytes(all, { types }));
      const source = `${bucket}/sources/${index}.parquet`;
      const input = { type: "migrate", index, source, bucket, indexType: "IVF_FLAT", ...more };
      expect((await runJob(container, input)).error).toBeNull();
    }

    const asClient = (index: string, work: Parameters<typeof withTable>[2]) =>
      withTable(lakehouse.environment, { index, bucket: lakehouse.bucket, generation: "g1" }, work);
    const append = (index: string, from: number, count: number) =>
      asClient(index, (table) => table.add(numbered(from, count) as Record<string, unknown>[]));

    const page = (index: string, request: Partial<ListRequest> = {}, { indexes } = container) =>
      listDocuments(indexes, index, { limit: 100, consistency: "eventual", ...request }, 20_000);

    /** All pages from one on, each of which has as many documents as asked, but the last. */
    async function rest(index: string, request: Partial<ListRequest>, on = container): Promise<Document[]> {
      const { documents, next } = await page(index, request, on);
      if (next === null) return documents;
      expect(documents).toHaveLength(request.limit ?? 100);
      return [...documents, ...(await rest(index, { ...request, cursor: next }, on))];
    }

    const idsOf = (documents: Document[]) => documents.map(({ doc_id }) => doc_id);

    test("each comes once, in the same order, whatever the size of a page", async () => {
      await migrate("docs");
      for (const limit of [7, 100, 299, 300, 301, 1_000])
        expect(idsOf(await rest("docs", { limit }))).toEqual(idsTo(rows));
      const [first, , third] = (await page("docs", { limit: 3 })).documents;
      expect(first).toEqual({ doc_id: "d0", chunk_text: "text 0", n: 0, parity: "even" });
      const select = ["vector", "n"];
      expect((await page("docs", { limit: 3, select })).documents[2]).toEqual({
        doc_id: "d2",
        vector: sampleRows(3)[2]?.vector?.map(Math.fround),
        n: third?.["n"],
      });
      expect((await page("docs", { select: [] })).documents[1]).toEqual({ doc_id: "d1" });
    });

    test("a filter leaves those it finds, also among rows of many fragments that no index holds", async () => {
      await migrate("filtered", numbered(0, rows), { filterColumns: ["parity"] });
      for (const from of [300, 310, 320]) await append("filtered", from, 10);
      await asClient("filtered", (table) => table.delete("n % 10 = 4"));
      const isLeft = (n: number) => n % 2 === 0 && n % 10 !== 4;
      const request = { filter: even, consistency: "strong" } as const;
      for (const limit of [1, 50, 1_000])
        expect(idsOf(await rest("filtered", { ...request, limit }))).toEqual(idsTo(330, isLeft));
      const none: Filter = { op: "eq", column: "parity", value: "neither" };
      expect(await page("filtered", { filter: none })).toMatchObject({ documents: [], next: null });
    });

    test("what is written between two pages changes none of them, in any container", async () => {
      await migrate("written");
      const first = await page("written");
      const filtered = await page("written", { filter: even });
      await append("written", 300, 5);
      await asClient("written", (table) => table.delete("n < 20 OR n = 250"));
      await asClient("written", (table) => table.optimize());
      const [cursor, byFilter] = [first.next, filtered.next] as [string, string];
      for (const on of [container, lakehouse.open()])
        for (const consistency of ["eventual", "strong"] as const) {
          expect(idsOf(await rest("written", { cursor, consistency }, on))).toEqual(idsTo(rows).slice(100));
          const evens = await rest("written", { cursor: byFilter, filter: even, consistency }, on);
          expect(idsOf(evens)).toEqual(idsTo(rows, (n) => n >= 200 && n % 2 === 0));
        }
      const now = idsOf(await rest("written", { consistency: "strong" }));
      expect(now.sort()).toEqual(idsTo(305, (n) => n >= 20 && n !== 250).sort());
    });

    test("a page is of the columns that its version had", async () => {
      await migrate("widened");
      const { next } = await page("widened");
      const cursor = next ?? "";
      await asClient("widened", (table) => table.addColumns([{ name: "twice", valueSql: "n * 2" }]));
      const { documents } = await page("widened", { limit: 1, consistency: "strong" });
      expect(documents[0]).toHaveProperty("twice", 0);
      expect((await page("widened", { cursor })).documents[0]).not.toHaveProperty("twice");
      await expect(page("widened", { cursor, select: ["twice"] })).rejects.toMatchObject({
        kind: "BadRequest",
        issues: [{ path: "select[0]" }],
      });
    });

    test("a list that a copy answers goes on where the store began", async () => {
      await migrate("copied");
      const own = lakehouse.open();
      const { next } = await page("copied", {}, own);
      await warmIndex(own.indexes, "copied", 20_000);
      const cursor = next ?? "";
      expect(idsOf(await rest("copied", { cursor }, own))).toEqual(idsTo(rows).slice(100));
      await append("copied", 300, 5);
      expect(await rest("copied", { consistency: "strong" }, own)).toHaveLength(305);
      expect(idsOf(await rest("copied", { cursor }, own))).toEqual(idsTo(rows).slice(100));
    });

    test("a cursor of a version that was removed has expired, where no copy of it is left", async () => {
      await migrate("cleaned");
      const own = lakehouse.open({ REPLICA_MAX_BYTES: "0" });
      const { next, version } = await page("cleaned", {}, own);
      await append("cleaned", 300, 5);
      await asClient("cleaned", async (table) => {
        await table.delete("n = 1");
        await table.optimize();
        const cleanupOlderThan = new Date();
        for (let i = 0; i < 2; i++) await table.optimize({ cleanupOlderThan, deleteUnverified: true });
      });
      for (const on of [own, lakehouse.open()])
        await expect(
          page("cleaned", { cursor: next ?? "", consistency: "strong" }, on),
        ).rejects.toMatchObject({
          kind: "CursorExpired",
          message: `the cursor is of version ${version}, which is gone; begin without it`,
        });
    });

    test("a cursor of a generation that was replaced has expired", async () => {
      await migrate("replaced");
      const { next } = await page("replaced");
      const build = { type: "build-index", index: "replaced", indexType: "IVF_FLAT" };
      expect((await runJob(container, build)).error).toBeNull();
      await expect(page("replaced", { cursor: next ?? "", consistency: "strong" })).rejects.toMatchObject({
        kind: "CursorExpired",
        message: "the cursor is of generation g1, and g2 is published now; begin without it",
      });
      expect(idsOf(await rest("replaced", {}))).toEqual(idsTo(rows));
    });

    test("pages are shorter where documents are long, and each comes once all the same", async () => {
      const long = numbered(0, 60).map((row) => ({ ...row, chunk_text: "x".repeat(400_000) }));
      await migrate("long", long, { filterColumns: [] });
      const seen: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const { documents, next } = await page("long", { cursor, limit: 1_000 });
        seen.push(...idsOf(documents));
        if (next === null) break;
        expect(documents).toHaveLength(13);
        cursor = next;
      }
      expect(seen).toEqual(idsTo(60));
      const vast = numbered(0, 2).map((row) => ({ ...row, chunk_text: "x".repeat(6_000_000) }));
      await migrate("vast", vast, { filterColumns: [] });
      await expect(page("vast")).rejects.toMatchObject({
        kind: "AnswerTooLarge",
        message: expect.stringMatching(/^the document does not fit .* without "chunk_text"$/),
      });
      expect(idsOf(await rest("vast", { select: ["n"] }))).toEqual(["d0", "d1"]);
    });
  });
}
