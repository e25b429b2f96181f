import { describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { catchUp } from "../../lib/domain/documents/catch-up.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { EntryList } from "../../lib/domain/index/entry-list.ts";
import { type ListRequest, listDocuments } from "../../lib/domain/search/list-documents.ts";
import { createLakehouse } from "../support/lakehouse.ts";
import { createS3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

/** `MANY_WRITES=1000` makes it shorter. */
const writes = Number(process.env["MANY_WRITES"] ?? 10_000);
const ids = Math.ceil(writes / 2);
const hourMs = 3_600_000;

const places = {
  "a local folder": async () => ({ ...(await createLakehouse()), bucket: "testing" }),
  MinIO: async () => createS3Lakehouse(s3Places.MinIO()),
};

describe.each(Object.keys(places) as (keyof typeof places)[])(
  "documents written one by one to %s",
  (place) => {
    test(`after ${writes} of them files and bytes are bounded, and each is there once`, async ({ task }) => {
      const lakehouse = await places[place]();
      try {
        const container = lakehouse.open();
        const request = { name: "docs", bucket: lakehouse.bucket, dimension: 16 };
        await createIndex(container, createRequest.parse(request), undefined);
        const ms: number[] = [];
        for (let i = 0; i < writes; i++) {
          const began = performance.now();
          await write(container, i);
          ms.push(performance.now() - began);
          if (i % 500 === 499) await anHourLater(container);
        }
        const files = await container.stores(lakehouse.bucket).list("lance/docs/g1.lance/");
        const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
        expect(files.length).toBeLessThan(10_000);
        expect(bytes).toBeLessThan(100_000_000);
        expect(await idsOf(container)).toEqual(Array.from({ length: ids }, (_, i) => nameOf(i)).sort());
        const median = (some: number[]) =>
          some.toSorted((a, b) => a - b)[Math.floor(some.length / 2)]?.toFixed(0);
        const tenth = Math.ceil(writes / 10);
        task.meta.figures = `${files.length} files, ${(bytes / 1e6).toFixed(1)} MB; p50 of a write ${median(ms.slice(0, tenth))} ms at first, ${median(ms.slice(-tenth))} ms at last`;
      } finally {
        await lakehouse.remove();
      }
    }, 3_000_000);
  },
);

const nameOf = (i: number) => `d${i % ids}`;

/** Each twice. */
async function write(container: Container, i: number): Promise<void> {
  const vector = Array.from({ length: 16 }, (_, at) => Math.sin(i + at));
  const documents = [{ doc_id: nameOf(i), vector }];
  const alone = { ...container, askUpkeep: async () => undefined }; // or a job would build it anew
  await writeDocuments(alone, { index: "docs", mode: "upsert", documents, keyed: undefined }, 60_000);
}

/** When nobody reads any more what was written until now. */
async function anHourLater(container: Container): Promise<void> {
  const clock = { now: () => Date.now() + hourMs };
  const list = new EntryList(container.stores("primary"), container.clock);
  const notPruned = (_: string, cause: unknown) => {
    throw new Error("old versions were not removed", { cause });
  };
  await catchUp({ ...container, clock, notPruned, askUpkeep: async () => undefined }, list);
}

async function idsOf(container: Container): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const asked: ListRequest = { limit: 1_000, consistency: "strong", select: ["doc_id"], cursor };
    const page = await listDocuments(container.indexes, "docs", asked, 60_000);
    found.push(...page.documents.map((one) => String(one["doc_id"])));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found.sort();
}
