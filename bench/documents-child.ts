import { connect, type Table } from "@lancedb/lancedb";
import { documentTable } from "../lib/adapters/arrow/document-table.ts";
import { container } from "../lib/container.ts";
import { documentBatch } from "../lib/domain/documents/document-batch.ts";
import { writeDocuments } from "../lib/domain/documents/write-documents.ts";
import { publishedOf } from "../lib/domain/index/published.ts";
import { searchIndex } from "../lib/domain/search/search-index.ts";
import { freshQueries, someIds } from "./bench-set.ts";
import { answerParent, toldToBegin } from "./child.ts";
import type { DocumentWay, StrongWrite, WriterTimes } from "./document-results.ts";
import { timed } from "./percentiles.ts";
import { inTurn, msOf } from "./turns.ts";

interface Input {
  index: string;
  /** The database of a copy of its table, for what LanceDB does alone. */
  uri: string;
  storageOptions: Record<string, string>;
  rows: number;
  dimension: number;
  /** Documents of a batch. */
  size: number;
  /** Each way writes so many batches. */
  batches: number;
  /** Which of the writers this is: each writes other documents. */
  writer: number;
  /** One way alone, begun when the others begin; without it both, in turn. */
  alone?: DocumentWay;
  /** How many writes of one document are looked for by a search. */
  strong?: number;
}

const timeoutMs = 600_000;
const mostSends = 100;

type Documents = { doc_id: string }[];
type Write = (documents: Documents) => Promise<unknown>;

/** Upserts by this project and by LanceDB alone, each of documents that are there to one half. */
async function write(input: Input): Promise<WriterTimes> {
  const batches = await batchesOf(input);
  const table = await (await connect(input.uri, { storageOptions: input.storageOptions })).openTable("g1");
  const ways = { ours: ourWrite(input.index), bare: await bareWrite(input.index, table) };
  const { alone, index, strong = 0 } = input;
  if (alone) return oneWay(ways[alone], batches);
  await inTurn(
    { ours: () => ways.ours(batches[0] as Documents), bare: () => ways.bare(batches[0] as Documents) },
    1,
  );
  const times = await inTurn(
    {
      ours: (i) => ways.ours(batches[i] as Documents),
      bare: (i) => ways.bare(batches[i] as Documents),
      put: (i) => conditionalPut(index, i),
    },
    batches.length,
  );
  const each = { ours: msOf(times.ours), bare: msOf(times.bare), put: msOf(times.put) };
  return { each, strong: await strongWrites(index, ways.ours, batches, strong) };
}

/** One batch after the other, each sent until it is taken; the first before the others begin, which opens all that is to be opened. */
async function oneWay(send: Write, [first, ...batches]: Documents[]): Promise<WriterTimes> {
  await untilTaken(() => send(first as Documents));
  await toldToBegin();
  const started = Date.now();
  let refused = 0;
  for (const batch of batches) refused += await untilTaken(() => send(batch));
  return { alone: { started, ended: Date.now(), refused } };
}

/** @returns how often it was refused */
async function untilTaken(send: () => Promise<unknown>): Promise<number> {
  for (let refused = 0; ; refused++)
    try {
      await send();
      return refused;
    } catch (error) {
      if (refused === mostSends) throw error;
    }
}

/** No job takes in what is written: searches and jobs are not what is measured. */
function ourWrite(index: string): Write {
  const deps = { ...container(), askUpkeep: async () => undefined };
  return (documents) =>
    writeDocuments(deps, { index, mode: "upsert", documents, keyed: undefined }, timeoutMs);
}

async function bareWrite(index: string, table: Table): Promise<Write> {
  const published = publishedOf((await container().registry.get(index)).value);
  return (documents) => {
    const data = documentTable(documentBatch(published, documents));
    const merge = table.mergeInsert(published.idColumn).whenMatchedUpdateAll().whenNotMatchedInsertAll();
    return merge.execute(data);
  };
}

async function conditionalPut(index: string, i: number): Promise<void> {
  const key = `bench/${index}/${process.pid}-${i}.json`;
  await container().stores("primary").put(key, Buffer.from("{}"), { ifNoneMatch: "*" });
}

/** Of single documents: how long until they are written, and whether the first search that is strong finds them. */
async function strongWrites(
  index: string,
  send: Write,
  batches: Documents[],
  count: number,
): Promise<StrongWrite[]> {
  const found: StrongWrite[] = [];
  for (const [i, document] of batches.flat().slice(0, count).entries()) {
    const fresh = { ...document, doc_id: `strong-${i}` } as Documents[number] & { vector: number[] };
    const { ms: write } = await timed(() => send([fresh]));
    const request = { vector: fresh.vector, k: 10, consistency: "strong" } as const;
    const { ms: search, result } = await timed(() =>
      searchIndex(container().indexes, index, request, timeoutMs),
    );
    const isFound = result.hits.some(({ doc_id }) => doc_id === fresh.doc_id);
    found.push({ write, search, isFound });
  }
  return found;
}

/** Every second one is of a row of the set. */
async function batchesOf({ rows, dimension, size, batches, writer }: Input): Promise<Documents[]> {
  const count = size * batches;
  const known = someIds(rows, (writer + 1) * count).slice(writer * count);
  const vectors = await freshQueries(count, dimension);
  const documents = vectors.map((vector, i) => ({
    doc_id: i % 2 === 0 ? (known[i] as string) : `written-${writer}-${i}`,
    source: `source-${i % 100}`,
    chunk_idx: i,
    chunk_text: `document ${i} of writer ${writer}`,
    vector: [...vector],
  }));
  return Array.from({ length: batches }, (_, i) => documents.slice(i * size, (i + 1) * size));
}

await answerParent(write);
