import { type RecordBatch, RecordBatchFileWriter, type Timestamp, tableFromIPC } from "apache-arrow";
import type { ParquetFile, RecordBatch as WasmRecordBatch } from "parquet-wasm/node";
import type { TargetSchema, Unit } from "../../../domain/source/parquet-source.ts";
import { partitionsOf } from "../../../domain/source/partition-columns.ts";
import { batchRowsOf, pageRowsOf, placeOf, placeOfUnit } from "../../../domain/source/units.ts";
import type { FileTail } from "../pages/file-tail.ts";
import type { VectorColumn } from "../pages/vector-column.ts";
import { BadRows } from "./bad-rows.ts";
import { withBinaryAsText } from "./binary-texts.ts";
import { Refusal } from "./decode-errors.ts";
import type { DecodedUnit, DecodeRequest } from "./decode-messages.ts";
import { gapFor, joinedIpc } from "./joined-ipc.ts";
import { RowError } from "./row-error.ts";
import { ValueRowError } from "./stored-values.ts";
import { targetBatch } from "./target-batch.ts";
import { refuseIncomparable, VectorRowError } from "./vector-values.ts";

/** Of one row of a unit that may have more. */
export class BadVector extends Refusal {}

export type AskedUnit = DecodeRequest & { ask: "unit" };

export interface OpenFile {
  file: string;
  parquet: ParquetFile;
  tail: FileTail;
  /** Names of columns. */
  encrypted: string[];
  /** Names of columns that hold them. */
  uuids: ReadonlySet<string>;
  /** In what columns that are stored as INT96 are counted. */
  instants: Map<string, Timestamp>;
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

/**
 * Batch by batch: of a row group only the stored bytes and the answer are in memory as a whole.
 * @param vectors where parquet-wasm does not decode them: they are read to where the others leave room for them
 */
export async function decodeUnit(
  file: OpenFile,
  { unit, target, spare, batchRows }: AskedUnit,
  vectors?: VectorColumn,
): Promise<DecodedUnit> {
  const writer = new RecordBatchFileWriter();
  const bad = new BadRows(file.file, unit);
  await writeBatches(writer, file, unit, target, vectors || target.embedding ? undefined : bad, batchRows);
  if (!target.skipBadVectors) bad.refuse();
  const { ipc, gaps } = await joinedIpc(writer.finish(), spare);
  if (vectors) await readVectors(vectors, gaps, file.file, unit, target);
  if (!target.embedding) return { ipc, skipped: bad.found };
  return { ipc, gaps: gaps.map(({ byteOffset, length }) => ({ at: byteOffset, values: length })) };
}

/** @throws Refusal with the place of the first that cannot be compared */
async function readVectors(
  vectors: VectorColumn,
  into: Float32Array[],
  file: string,
  unit: Unit,
  { dimension, refuseZeroVectors }: TargetSchema,
): Promise<void> {
  let row = 0;
  for await (const some of vectors.readUnit(unit, into)) {
    placed(file, unit, row, () => refuseIncomparable(some, dimension, refuseZeroVectors));
    row += some.length / dimension;
  }
}

/**
 * @param bad takes rows with bad vectors, which are left out; without it vectors are gaps, which nobody looks at yet
 * @throws Refusal for other rows that are not as they should be, and for more or fewer of them than promised
 */
async function writeBatches(
  writer: RecordBatchFileWriter,
  file: OpenFile,
  unit: Unit,
  target: TargetSchema,
  bad: BadRows | undefined,
  batchRows?: number,
): Promise<void> {
  const batches = await batchesAt(file, unit, target, bad === undefined, batchRows);
  const partitions = partitionsIn(file.file, target);
  let row = 0;
  while (row < unit.rows) {
    const { value, done } = await batches.iterator.next();
    if (done) break;
    for (const decoded of tableFromIPC((value as WasmRecordBatch).intoIPCStream()).batches) {
      const batch = withBinaryAsText(decoded, target, file.uuids);
      const made = (gap?: Float32Array) =>
        placed(file.file, unit, row, () => targetBatch(batch, target, unit.id, row, gap, partitions));
      writer.write(
        bad ? goodRows(batch, target, row, bad, made) : made(gapFor(batch.numRows * target.dimension)),
      );
      row += batch.numRows;
    }
  }
  batches.nextRow += row;
  if (row === unit.rows) return;
  const found = `the footer promises ${unit.rows} rows, there are ${row}`;
  throw new Refusal(placeOfUnit(file.file, unit), found);
}

/** One row after the other is looked at only where one of them is bad. */
function goodRows(
  batch: RecordBatch,
  target: TargetSchema,
  firstRow: number,
  bad: BadRows,
  made: (gap?: Float32Array) => RecordBatch,
): RecordBatch {
  try {
    return made();
  } catch (error) {
    if (!(error instanceof BadVector)) throw error;
    return bad.without(batch, target, firstRow, made);
  }
}

const partitionsIn = (file: string, { partitionBase }: TargetSchema) =>
  new Map(partitionBase === undefined ? [] : partitionsOf(partitionBase, file));

/**
 * Those under way when the unit goes on where the last one ended in the same row group, else from its first row.
 * @param batchRows at most, where larger batches did not fit in memory: these end with the unit
 */
async function batchesAt(
  file: OpenFile,
  unit: Unit,
  target: TargetSchema,
  withoutVectors: boolean,
  batchRows?: number,
): Promise<UnitBatches> {
  const { parquet, batches: before } = file;
  const rowGroups = unit.rowGroups.map(({ index }) => index);
  const key = `${rowGroups.join()}${withoutVectors ? " without vectors" : ""}`;
  if (!batchRows && before?.key === key && before.nextRow === unit.firstRow) return before;
  await before?.iterator.return?.();
  const known = new Set(tableFromIPC(parquet.schema().intoIPCStream()).schema.fields.map(({ name }) => name));
  if (withoutVectors) known.delete(target.vectorColumn);
  const columns = target.columns.map(({ name }) => name).filter((name) => known.has(name));
  const usual = withoutVectors ? pageRowsOf(unit.rows, target.dimension) : batchRowsOf(target.dimension);
  const batchSize = Math.min(usual, unit.rows, batchRows ?? usual);
  const rows = { offset: unit.firstRow, ...(batchRows ? { limit: unit.rows } : {}) };
  const options = { rowGroups, columns, batchSize, concurrency: 1, ...rows };
  const stream = (await parquet.stream(options)) as AsyncIterable<WasmRecordBatch>;
  const iterator = stream[Symbol.asyncIterator]();
  const batches = { key: batchRows ? "" : key, nextRow: unit.firstRow, iterator };
  file.batches = batches;
  return batches;
}

/** What is found wrong with a row is told with its place. @param firstRow of the unit, that rows are counted from */
function placed<T>(file: string, unit: Unit, firstRow: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    const column = error instanceof ValueRowError ? `, column ${error.column}` : "";
    const place = `${placeOf(file, unit, firstRow + error.row)}${column}`;
    throw error instanceof VectorRowError
      ? new BadVector(place, error.message)
      : new Refusal(place, error.message);
  }
}
