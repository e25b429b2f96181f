import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { documentTable } from "../lib/adapters/arrow/document-table.ts";
import { LanceConnections } from "../lib/adapters/lance/tables/connections.ts";
import { readEnvironment } from "../lib/config/environment.ts";
import { loadBuckets } from "../lib/config/lakehouse.ts";
import type { Container } from "../lib/container.ts";
import { createIndex, createRequest } from "../lib/domain/documents/create-index.ts";
import { documentBatch } from "../lib/domain/documents/document-batch.ts";
import { writeDocuments } from "../lib/domain/documents/write-documents.ts";
import type { Publication } from "../lib/domain/index/index-entry.ts";
import { publishedOf } from "../lib/domain/index/published.ts";
import { runJob } from "../test/support/lakehouse.ts";
import { seededRandom } from "../test/support/seeded-random.ts";
import { cache, freshQueries } from "./bench-set.ts";
import { withStore } from "./bench-store.ts";
import { dollarsOfAMillion, searchMemoryMb } from "./costs.ts";
import { machine } from "./machine.ts";
import { medianOf, timed } from "./percentiles.ts";
import { S3Like } from "./s3-like.ts";
import { lakehouseOnStore } from "./sections/cold.ts";
import { ms, tableOf } from "./sections/section.ts";
import { dollars } from "./sections/sparse.ts";
import { withContainer } from "./with-container.ts";

/**
 * `node bench/document-writes.ts`: what a write of documents costs, beside LanceDB's own merge into the same table, in turn. Half
 * of the ids that are written are there.
 */
const [rows, dimension] = [5_000, 768];
/** How many documents a write has, and how many writes of one there were before. */
const sizes = [
  { size: 1, after: 0 },
  { size: 1, after: 100 },
  { size: 100, after: 0 },
  { size: 1_000, after: 0 },
];
const rounds = 8; // of two ways of ours: two of these gather fragments
const ways = ["without a key", "with an Idempotency-Key", "bare mergeInsert"] as const;
type Way = (typeof ways)[number];

interface Written {
  ms: number[];
  requests: Record<string, number>;
}
type Measured = Record<Way, Written>[];

const vectors = (await freshQueries(2 * rows, dimension)).map((vector) => [...vector]);
const random = seededRandom(1);

const documentOf = (i: number) => ({
  doc_id: `d${i}`,
  vector: vectors[i] as number[],
  chunk_text: `document ${i}`,
});
const someDocuments = (count: number) => {
  const first = Math.floor(random() * (2 * rows - count));
  return Array.from({ length: count }, (_, i) => documentOf(first + i));
};

const folder = await mkdtemp(join(resolve(cache), "document-writes-"));
try {
  const local = { DATA_ROOT: folder, LAKEHOUSE_TOML: "" };
  await filled(local, "written");
  const inFolder = await measured(local, "written");
  await withStore(async (store) => {
    const environment = await lakehouseOnStore({ store });
    await filled(environment, "near");
    const near = await measured(environment, "near");
    await filled(environment, "far");
    const far = await S3Like.before(store.endpoint);
    try {
      const there = { ...environment, AWS_ENDPOINT: far.endpoint };
      await report({ inFolder, near, far: await measured(there, "far", far) });
    } finally {
      await far.stop();
    }
  });
} finally {
  await rm(folder, { recursive: true });
}

async function filled(environment: Record<string, string>, index: string): Promise<void> {
  await withContainer(environment, async (container) => {
    const columns = [{ name: "chunk_text", type: "Utf8" }];
    await createIndex(container, createRequest.parse({ name: index, dimension, columns }), undefined);
    console.log(`${rows} documents are written and become an index`);
    for (let i = 0; i < rows; i += 1_000) {
      const documents = Array.from({ length: 1_000 }, (_, at) => documentOf(2 * (i + at)));
      await write(container, index, documents);
    }
    const { error } = await runJob(container, { type: "optimize", index }, 600_000);
    if (error) throw new Error(error.message);
  });
}

async function write(container: Container, index: string, documents: unknown[], key?: string): Promise<void> {
  const keyed = key === undefined ? undefined : { key, request: key };
  await writeDocuments(container, { index, mode: "upsert", documents, keyed }, 60_000);
}

async function measured(
  environment: Record<string, string>,
  index: string,
  counted?: S3Like,
): Promise<Measured> {
  return withContainer(environment, async (container) => {
    const published = publishedOf((await container.registry.get(index)).value);
    return withMerge(environment, index, published, async (merge) => {
      const work: Record<Way, (documents: object[]) => Promise<unknown>> = {
        "without a key": (documents) => write(container, index, documents),
        "with an Idempotency-Key": (documents) => write(container, index, documents, randomUUID()),
        "bare mergeInsert": merge,
      };
      container.askUpkeep = async () => undefined; // a job's requests would be counted, too
      for (const way of ways) await work[way](someDocuments(1)); // whoever begins reads more
      const taken: Measured = [];
      for (const { size, after } of sizes) {
        console.log(`writes of ${size}`);
        for (let i = 0; i < after; i++) await write(container, index, someDocuments(1));
        taken.push(await inTurn(work, size, counted));
      }
      return taken;
    });
  });
}

async function inTurn(
  work: Record<Way, (documents: object[]) => Promise<unknown>>,
  size: number,
  counted?: S3Like,
): Promise<Record<Way, Written>> {
  const none = (): Written => ({ ms: [], requests: {} });
  const taken: Record<Way, Written> = {
    "without a key": none(),
    "with an Idempotency-Key": none(),
    "bare mergeInsert": none(),
  };
  for (let round = 0; round < rounds; round++)
    for (const way of shuffled(ways)) {
      const documents = someDocuments(size);
      counted?.takeCounts();
      taken[way].ms.push((await timed(() => work[way](documents))).ms);
      const { operations = {} } = counted?.takeCounts() ?? {};
      for (const [name, count] of Object.entries(operations))
        taken[way].requests[name] = (taken[way].requests[name] ?? 0) + count / rounds;
    }
  return taken;
}

/** In another order each time, or always the same would gather fragments. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** Through a handle that stays open, of documents that are Arrow already. */
async function withMerge<T>(
  environment: Record<string, string>,
  index: string,
  published: Publication,
  work: (merge: (documents: object[]) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const connections = new LanceConnections(loadBuckets(readEnvironment(environment)), searchMemoryMb);
  try {
    return await connections.use(published.bucket, index, async (connection) => {
      const table = await connection.openTable(published.generation);
      const merge = async (documents: object[]) => {
        const data = documentTable(documentBatch(published, documents));
        await table.checkoutLatest();
        const builder = table.mergeInsert(published.idColumn);
        return builder.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(data);
      };
      return work(merge).finally(() => table.close());
    });
  } finally {
    await connections.close();
  }
}

async function report(all: { inFolder: Measured; near: Measured; far: Measured }): Promise<void> {
  const operations = ["GetObject", "ListObjects", "PutObject"];
  const table = tableOf(
    ["documents", "", "a folder, p50", "MinIO, p50", "with S3's latency, p50", ...operations, "a million"],
    sizes.flatMap(({ size, after }, i) =>
      ways.map((way) => {
        const [inFolder, near, far] = [all.inFolder, all.near, all.far].map(
          (one) => one[i]?.[way] as Written,
        );
        return [
          after > 0 ? `${size}, after ${after} writes` : size.toLocaleString("en-US"),
          way,
          ...[inFolder, near, far].map((one) => ms(medianOf(one?.ms ?? []))),
          ...operations.map((name) => (far?.requests[name] ?? 0).toFixed(1)),
          dollars(dollarsOf(far as Written)),
        ];
      }),
    ),
  );
  const on = Object.values(machine()).join(", ");
  const how = `Upserts of documents of ${dimension} values and a text into an index of ${rows.toLocaleString("en-US")} that a job has built, half of whose ids are there; medians of ${rounds}, in turn; each eighth write gathers what the others have left. Requests are those of the store with S3's latency, on the average; a million are dollars of Lambda with ${searchMemoryMb} MB and of S3.`;
  const text = `# Writes of documents\n\n${on}.\n\n${how}\n\n${table}\n`;
  await writeFile(join("bench", "results", "document-writes.md"), text);
  console.log(text);
}

function dollarsOf({ ms: taken, requests }: Written): number {
  const of = (...names: string[]) => names.reduce((sum, name) => sum + (requests[name] ?? 0), 0);
  const multipart = ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"];
  return dollarsOfAMillion({
    ms: medianOf(taken),
    gets: of("GetObject", "HeadObject"),
    lists: of("ListObjects"),
    puts: of("PutObject", "CopyObject", ...multipart),
  });
}
