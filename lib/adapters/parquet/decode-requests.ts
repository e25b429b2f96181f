import { parentPort } from "node:worker_threads";
import { RecordBatchFileWriter, tableFromIPC } from "apache-arrow";
import { ParquetFile, type RecordBatch as WasmRecordBatch } from "parquet-wasm/node";
import type { TargetSchema, Unit } from "../../domain/ports.ts";
import { batchRowsOf, pageRowsOf, placeOf, placeOfUnit } from "../../domain/units.ts";
import "../arrow/all-null-booleans.ts";
import { preferPlainTypes } from "./arrow-hint.ts";
import {
  type DecodeAnswer,
  type DecodeRequest,
  type FromWorker,
  placeAsked,
  type ToWorker,
} from "./decode-messages.ts";
import { type FileTail, type ReadRange, readTail, readThrough } from "./file-tail.ts";
import { footerOf } from "./footer.ts";
import { gapFor, joinedIpc } from "./joined-ipc.ts";
import { RangeBlob } from "./range-blob.ts";
import { type PageRanges, RangeMemory } from "./range-memory.ts";
import { IdRowError, targetBatch } from "./target-batch.ts";
import { VectorColumn } from "./vector-column.ts";
import { refuseIncomparable, VectorRowError } from "./vector-values.ts";

/** A problem of the file, with its place. */
class Refusal extends Error {
  readonly place: string;

  constructor(place: string, message: string) {
    super(message);
    this.place = place;
  }
}

/** Says nothing of the file: reading it from the store failed. */
class ReadFailed extends Error {}

const port = parentPort;
if (!port) throw new Error("decode-requests.ts runs in a worker thread");

const waiting = new Map<number, (bytes: Uint8Array | undefined) => void>();
let reads = 0;
let open: OpenFile | undefined;
const memory = new RangeMemory();

type AskedUnit = DecodeRequest & { ask: "unit" };

interface OpenFile {
  file: string;
  parquet: ParquetFile;
  tail: FileTail;
  read: ReadRange;
  batches?: UnitBatches | undefined;
  /** Undefined until it is looked for; null where parquet-wasm has to decode the vectors, too. */
  vectors?: VectorColumn | null;
}

/** Decoded batches, and where in the file the next one starts. */
interface UnitBatches {
  key: string;
  nextRow: number;
  iterator: AsyncIterator<WasmRecordBatch>;
}

/** Takes a question, or what was read for one before. Answers are posted. */
export async function receive(message: Exclude<ToWorker, { begin: unknown }>): Promise<void> {
  if ("read" in message) {
    waiting.get(message.read)?.(message.bytes);
    waiting.delete(message.read);
    return;
  }
  if ("forget" in message) return close();
  const { id, request } = message;
  try {
    const answer = await answerTo(request);
    port?.postMessage({ id, answer } satisfies FromWorker);
  } catch (error) {
    const place = error instanceof Refusal ? error.place : placeAsked(request);
    port?.postMessage({ id, refused: { place, message: messageOf(error) } } satisfies FromWorker);
  }
}

async function answerTo(request: DecodeRequest): Promise<DecodeAnswer> {
  const file = await opened(request);
  if (request.ask === "footer") return footerOf(file.parquet, request.bytes);
  if (request.ask === "first-dimension") return firstDimension(file.parquet, request);
  return (await decodeFromPages(file, request)) ?? decodeUnit(file, request);
}

/** The last file stays open: its units come one after the other. */
async function opened({ file, bytes }: DecodeRequest): Promise<OpenFile> {
  if (open?.file === file) return open;
  close();
  if (bytes === 0) throw new Refusal(file, "the file is empty");
  const read = (start: number, end: number) => readBytes(file, start, end);
  const tail = await readTail(bytes, read);
  preferPlainTypes(tail.bytes);
  const parquet = await ParquetFile.fromFile(new RangeBlob(bytes, readThrough(tail, read)));
  open = { file, parquet, tail, read };
  return open;
}

function close(): void {
  open?.parquet.free();
  open?.vectors?.release();
  open = undefined;
}

const pageRanges = (file: string): PageRanges => ({
  read: (start, end) => readBytes(file, start, end, memory.take(end - start)),
  giveBack: (bytes) => memory.giveBack(bytes),
});

/** @param into shared memory for them, else they are given memory of their own */
function readBytes(file: string, start: number, end: number, into?: Uint8Array): Promise<Uint8Array> {
  const read = reads++;
  return new Promise((resolve, reject) => {
    waiting.set(read, (bytes) =>
      bytes ? resolve(bytes) : reject(new ReadFailed("the bytes could not be read")),
    );
    port?.postMessage({ read, file, start, end, ...(into ? { into } : {}) } satisfies FromWorker);
  });
}

async function firstDimension(
  parquet: ParquetFile,
  { file, column }: DecodeRequest & { ask: "first-dimension" },
) {
  const read = await parquet.read({ columns: [column], limit: 1 });
  const value = tableFromIPC(read.intoIPCStream()).getChild(column)?.get(0);
  const groups = parquet.metadata().rowGroups();
  const place = `${file}, row group ${groups.findIndex((one) => one.numRows() > 0)}, row 0`;
  if (value === null || value === undefined) throw new Refusal(place, "the vector is null");
  if (value.length === 0) throw new Refusal(place, "the vector is empty");
  const dimension = value instanceof Uint8Array ? value.length / 4 : value.length;
  if (Number.isInteger(dimension)) return dimension;
  throw new Refusal(place, `the vector has ${value.length} bytes, not a multiple of 4`);
}

/**
 * The vectors straight from their pages, several times faster than parquet-wasm, which decodes the other columns.
 * @returns undefined for whatever is unusual or wrong: decoding all of it by parquet-wasm tells what, and where
 */
async function decodeFromPages(file: OpenFile, asked: AskedUnit) {
  const { target } = asked;
  if (file.vectors === null) return undefined;
  try {
    const { vectorColumn, dimension } = target;
    file.vectors ??= VectorColumn.in(file.tail, vectorColumn, dimension, pageRanges(file.file)) ?? null;
    return file.vectors && (await decodeUnit(file, asked, file.vectors));
  } catch (error) {
    if (error instanceof ReadFailed) throw error;
    file.vectors?.release();
    file.vectors = null;
    return undefined;
  }
}

/**
 * Batch by batch: of a row group only the stored bytes and the answer are in memory as a whole.
 * @param vectors where parquet-wasm does not decode them
 */
async function decodeUnit(
  file: OpenFile,
  { unit, target, spare }: AskedUnit,
  vectors?: VectorColumn,
): Promise<Uint8Array> {
  const batches = await batchesAt(file, unit, target, vectors !== undefined);
  const writer = new RecordBatchFileWriter();
  let row = 0;
  while (row < unit.rows) {
    const { value, done } = await batches.iterator.next();
    if (done) break;
    for (const batch of tableFromIPC((value as WasmRecordBatch).intoIPCStream()).batches) {
      const gap = vectors && gapFor(batch.numRows * target.dimension);
      const place = row;
      writer.write(placed(file.file, unit, row, () => targetBatch(batch, target, unit.id, place, gap)));
      row += batch.numRows;
    }
  }
  batches.nextRow += row;
  if (row !== unit.rows)
    throw new Refusal(
      placeOfUnit(file.file, unit),
      `the footer promises ${unit.rows} rows, there are ${row}`,
    );
  writer.finish();
  const { ipc, gaps } = await joinedIpc(writer, spare);
  await vectors?.readUnit(unit, gaps);
  refuseIncomparableIn(gaps, file.file, unit, target);
  return ipc;
}

/** @throws Refusal with the place of the first vector that cannot be compared */
function refuseIncomparableIn(vectors: Float32Array[], file: string, unit: Unit, target: TargetSchema): void {
  let row = 0;
  for (const some of vectors) {
    placed(file, unit, row, () => refuseIncomparable(some, target.dimension, target.refuseZeroVectors));
    row += some.length / target.dimension;
  }
}

/** Those under way when the unit goes on where the last one ended in the same row group, else from its first row. */
async function batchesAt(
  file: OpenFile,
  unit: Unit,
  target: TargetSchema,
  withoutVectors: boolean,
): Promise<UnitBatches> {
  const { parquet, batches: before } = file;
  const rowGroups = unit.rowGroups.map(({ index }) => index);
  const key = `${rowGroups.join()}${withoutVectors ? " without vectors" : ""}`;
  if (before?.key === key && before.nextRow === unit.firstRow) return before;
  await before?.iterator.return?.();
  const known = new Set(tableFromIPC(parquet.schema().intoIPCStream()).schema.fields.map(({ name }) => name));
  if (withoutVectors) known.delete(target.vectorColumn);
  const columns = target.columns.map(({ name }) => name).filter((name) => known.has(name));
  const batchSize = withoutVectors ? pageRowsOf(unit.rows, target.dimension) : batchRowsOf(target.dimension);
  const options = { rowGroups, columns, batchSize, concurrency: 1, offset: unit.firstRow };
  const stream = (await parquet.stream(options)) as AsyncIterable<WasmRecordBatch>;
  const batches = { key, nextRow: unit.firstRow, iterator: stream[Symbol.asyncIterator]() };
  file.batches = batches;
  return batches;
}

/** What is found wrong with a row is told with its place. @param firstRow of the unit, that rows are counted from */
function placed<T>(file: string, unit: Unit, firstRow: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof VectorRowError || error instanceof IdRowError)) throw error;
    throw new Refusal(placeOf(file, unit, firstRow + error.row), error.message);
  }
}

/** parquet-wasm throws strings and errors; both say what is wrong with the file. */
function messageOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const text = error instanceof Error ? error.message : String(error);
  return `cannot be read as Parquet (${text.replace(/^.*Parquet error: /, "").slice(0, 200)})`;
}
