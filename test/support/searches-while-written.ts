import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { deleteDocuments } from "../../lib/domain/documents/delete-documents.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { listDocuments } from "../../lib/domain/search/list-documents.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { warmIndex } from "../../lib/domain/search/warm-index.ts";
import type { WrittenLakehouse } from "./document-writes.ts";
import { runJob } from "./lakehouse.ts";
import { seededRandom } from "./seeded-random.ts";

const [dimension, rows, writers, rounds] = [8, 2_000, 3, 10];
const index = "written";

interface Doc {
  doc_id: string;
  vector: number[];
  chunk_text: string;
}

/** What readers see of documents while they are written: everything that was acknowledged, as it is, and each once. */
export function describeSearchesWhileWritten(name: string, create: () => Promise<WrittenLakehouse>): void {
  describe(`while documents are written to ${name}`, () => {
    let lakehouse: WrittenLakehouse;
    let container: Container;
    /** As they were written last. */
    const there = new Map<string, Doc>();
    const random = seededRandom(17);
    const documentOf = (doc_id: string, chunk_text: string): Doc => {
      const vector = Array.from({ length: dimension }, () => random() - 0.5);
      return { doc_id, vector, chunk_text };
    };

    beforeAll(async () => {
      lakehouse = await create();
      container = lakehouse.open();
      const columns = [{ name: "chunk_text", type: "Utf8" }];
      const asked = { name: index, bucket: lakehouse.bucket, dimension, columns, indexType: "IVF_FLAT" };
      await createIndex(container, createRequest.parse(asked), undefined);
      await write(
        container,
        Array.from({ length: rows }, (_, i) => documentOf(`d${i}`, "first")),
      );
      await optimize();
    });

    afterAll(() => lakehouse?.remove());

    const optimize = async () =>
      expect((await runJob(container, { type: "optimize", index })).error).toBeNull();

    async function write(by: Container, documents: Doc[]) {
      const request = { index, mode: "upsert" as const, documents, keyed: undefined };
      const { version, generation } = await writeDocuments(by, request, 30_000);
      for (const document of documents) there.set(document.doc_id, document);
      return { minVersion: version, minGeneration: generation };
    }

    async function searched(by: Container, { vector }: Doc, freshness: object) {
      const request = parseSearchRequest({ vector, k: 3, ...freshness });
      const answer = await searchIndex(by.indexes, index, request, 20_000);
      expect(new Set(answer.hits.map(({ doc_id }) => doc_id)).size).toBe(answer.hits.length);
      return answer;
    }

    async function expectFound(by: Container, document: Doc, freshness: object) {
      const { hits } = await searched(by, document, freshness);
      expect(hits[0]).toMatchObject({ doc_id: document.doc_id, chunk_text: document.chunk_text });
    }

    /** New ones, its own again, and deletions, each of which it looks for at once. */
    async function writesAndSearches(writer: number, reader: Container) {
      const by = lakehouse.open();
      for (let round = 0; round < rounds; round++) {
        const own = [`w${writer}-${round}`, `d${writer * 100 + round}`];
        const documents = own.map((id) => documentOf(id, `${writer} ${round}`));
        const freshness = await write(by, documents);
        for (const document of documents)
          await expectFound(reader, document, round % 2 === 0 ? { consistency: "strong" } : freshness);
        if (round % 4 !== 3) continue;
        const [gone] = documents as [Doc];
        await deleteDocuments(by, index, { ids: [gone.doc_id], dryRun: false }, undefined, 20_000);
        there.delete(gone.doc_id);
        const { hits } = await searched(reader, gone, { consistency: "strong" });
        expect(hits.map(({ doc_id }) => doc_id)).not.toContain(gone.doc_id);
      }
    }

    /** All pages of one version; again where another generation was published between two. */
    async function listed(by: Container): Promise<string[]> {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const request = { limit: 700, select: [], consistency: "strong" as const, cursor };
        const page = await listDocuments(by.indexes, index, request, 20_000).catch((error) => {
          if (error.kind === "CursorExpired") return undefined;
          throw error;
        });
        if (!page) return listed(by);
        ids.push(...page.documents.map(({ doc_id }) => doc_id));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return ids;
    }

    /** Of what nobody deletes, everything that was there before is listed, and nothing twice. */
    async function expectListed(by: Container) {
      const before = [...there.keys()].filter((id) => id.startsWith("d"));
      const ids = await listed(by);
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(ids)).toEqual(new Set([...ids, ...before]));
    }

    async function until(work: Promise<unknown>, once: () => Promise<unknown>): Promise<void> {
      let isOver = false;
      const ended = work.finally(() => {
        isOver = true;
      });
      const repeating = (async () => {
        while (!isOver) await once();
      })();
      await Promise.all([ended, repeating]);
    }

    test.each([
      ["from a whole replica", {}, true],
      ["by a container that opens it meanwhile", {}, false],
      ["from the store alone", { REPLICA_MAX_BYTES: "0" }, false],
    ])("%s each is found at once and listed once, also across a publication", async (_, options, isWarm) => {
      const reader = lakehouse.open(options);
      if (isWarm) await warmIndex(reader.indexes, index, 20_000);
      const writing = Array.from({ length: writers }, (_, writer) => writesAndSearches(writer, reader));
      await until(Promise.all([...writing, optimize()]), () => expectListed(reader));
      expect((await listed(reader)).sort()).toEqual([...there.keys()].sort());
      const some = [...there.values()].slice(-20);
      for (const document of some) await expectFound(reader, document, { consistency: "strong" });
    });

    test("an answer says how many rows were compared one by one, and none once a job has taken them in", async () => {
      await write(container, [documentOf("one", "more")]);
      const { performance } = await searched(container, there.get("one") as Doc, { consistency: "strong" });
      expect(performance.unindexedRows).toBeGreaterThan(0);
      await optimize();
      const after = await searched(container, there.get("one") as Doc, { consistency: "strong" });
      expect(after.performance.unindexedRows).toBe(0);
    });
  });
}
