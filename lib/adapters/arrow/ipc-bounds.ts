import { limits } from "../../config/limits.ts";
import { FlatBytes, FlatTable } from "./flat-table.ts";

/** What a stream holds that is not taken, in words for who sent it. */
export class UntakenStream extends Error {}

/**
 * Looks at all that an Arrow IPC stream says of itself before Arrow's own reader does, which believes it: a few bytes could
 * tell of millions of fields, or of rows that have none. Numbers of fields come from
 * https://github.com/apache/arrow/tree/main/format (Message.fbs, Schema.fbs).
 * @throws UntakenStream, RangeError where it is damaged
 */
export function refuseUnbounded(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 6 && Buffer.from(bytes.subarray(0, 6)).toString("latin1") === "ARROW1")
    throw new UntakenStream("is an Arrow file; send a stream");
  const told = { rows: 0, values: 0 };
  for (let at = 0; at + 4 <= bytes.length; ) {
    if (view.getInt32(at, true) === continuation) at += 4;
    const length = view.getInt32(at, true);
    at += 4;
    if (length === 0) break;
    const bodyLength = refuseMessage(partOf(bytes, at, length), told);
    at += length + bodyLength;
    partOf(bytes, at - bodyLength, bodyLength);
  }
}

const continuation = -1;
const [schema, dictionaryBatch, recordBatch] = [1, 2, 3];

interface Told {
  rows: number;
  /** Of all columns, and of lists in them. */
  values: number;
}

function partOf(bytes: Uint8Array, at: number, length: number): Uint8Array {
  if (length < 0 || at + length > bytes.length) throw new RangeError("the stream is cut off");
  return bytes.subarray(at, at + length);
}

/** @returns how many bytes come behind it */
function refuseMessage(metadata: Uint8Array, told: Told): number {
  const message = FlatTable.root(new FlatBytes(metadata));
  const [kind, header, bodyLength] = [message.byte(1), message.table(2), message.count(3)];
  if (!header) throw new RangeError("a message says nothing");
  if (kind === schema) refuseSchema(header);
  else if (kind === recordBatch) told.rows += refuseBatch(header, bodyLength, told);
  else if (kind === dictionaryBatch) refuseDictionary(header, bodyLength, told);
  else throw new UntakenStream("holds messages other than a schema, dictionaries and batches of rows");
  if (told.rows > limits.maxDocuments)
    throw new UntakenStream(`has more than ${limits.maxDocuments} documents; send them in parts`);
  if (told.values > limits.maxDocumentsJsonValues)
    throw new UntakenStream(`has more than ${limits.maxDocumentsJsonValues} values; send them in parts`);
  return bodyLength;
}

function refuseSchema(table: FlatTable): void {
  if (table.byte(0) !== 0)
    throw new UntakenStream("has the bytes of numbers in the other order (big-endian)");
  const found = { fields: 0 };
  for (const field of table.tables(1)) refuseField(field, found, 1);
  refuseMetadata(table, 2);
}

function refuseField(field: FlatTable, found: { fields: number }, depth: number): void {
  if (++found.fields > 4 * limits.maxColumns || depth > maxDepth)
    throw new UntakenStream(`has more columns than an index: at most ${limits.maxColumns}`);
  field.spendText(0);
  field.table(4)?.table(1);
  for (const child of field.tables(5)) refuseField(child, found, depth + 1);
  refuseMetadata(field, 6);
}

const maxDepth = 8;

function refuseMetadata(table: FlatTable, field: number): void {
  for (const entry of table.tables(field)) {
    entry.spendText(0);
    entry.spendText(1);
  }
}

function refuseDictionary(table: FlatTable, bodyLength: number, told: Told): void {
  if (table.byte(2) !== 0) throw new UntakenStream("has dictionaries that grow (deltas); send whole ones");
  const batch = table.table(1);
  if (!batch) throw new RangeError("a dictionary has no values");
  refuseBatch(batch, bodyLength, told);
}

/** @returns how many rows it has */
function refuseBatch(batch: FlatTable, bodyLength: number, told: Told): number {
  if (batch.has(3)) throw new UntakenStream("is compressed; send it without compression of its buffers");
  for (const [length, nulls] of batch.pairs(1)) {
    if (nulls > length) throw new RangeError("a column has more nulls than values");
    told.values += length;
  }
  let left = bodyLength;
  for (const [offset, length] of batch.pairs(2)) {
    left -= length;
    if (offset + length > bodyLength || left < 0) throw new RangeError("columns lie over each other");
  }
  return batch.count(0);
}
