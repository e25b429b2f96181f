import { type Data, DataType, makeData, RecordBatch, type Struct } from "apache-arrow";
import { bitmapWhere } from "./built-data.ts";

/** Some rows of a batch, in their order, column by column as they are stored. @param rows ascending */
export function takeRows(batch: RecordBatch, rows: readonly number[]): RecordBatch {
  const children = batch.data.children.map((column) => take(column, rows));
  const type = batch.data.type as Struct;
  return new RecordBatch(batch.schema, makeData({ type, length: rows.length, nullCount: 0, children }));
}

function take(data: Data, rows: readonly number[]): Data {
  const [nullCount, validity] = validityOf(data, rows);
  const { offsets, values, children } = partsOf(data, rows);
  return data.clone(data.type, 0, rows.length, nullCount, [offsets, values, validity] as never, children);
}

function validityOf(data: Data, rows: readonly number[]): [number, Uint8Array | undefined] {
  if (data.nullCount === 0) return [0, undefined];
  const nulls = rows.filter((row) => !data.getValid(row)).length;
  return [nulls, bitsOf(rows, (row) => data.getValid(row))];
}

const bitsOf = (rows: readonly number[], isSet: (row: number) => boolean): Uint8Array =>
  bitmapWhere(rows.length, (place) => isSet(rows[place] ?? 0));

interface Parts {
  offsets?: Int32Array | BigInt64Array;
  values?: ArrayLike<unknown>;
  children?: Data[];
}

function partsOf(data: Data, rows: readonly number[]): Parts {
  if (DataType.isFixedSizeList(data.type))
    return { children: [take(childOf(data), spread(rows, data.type.listSize))] };
  if (DataType.isStruct(data.type)) return { children: data.children.map((child) => take(child, rows)) };
  if (DataType.isBool(data.type)) return { values: bitsOf(rows, (row) => bitAt(data, row)) };
  if (data.valueOffsets) return variableParts(data, rows);
  return { values: fixedValues(data, rows) };
}

const childOf = (data: Data) => data.children[0] as Data;

/** Items of fixed-size lists. */
const spread = (rows: readonly number[], size: number) =>
  rows.flatMap((row) => Array.from({ length: size }, (_, i) => row * size + i));

function bitAt({ values, offset }: Data, row: number): boolean {
  const at = offset + row;
  return (((values as Uint8Array)[at >> 3] ?? 0) & (1 << (at % 8))) !== 0;
}

/** Of lists the items, of texts the bytes. */
function variableParts(data: Data, rows: readonly number[]): Parts {
  const from = data.valueOffsets as Int32Array | BigInt64Array;
  const offsets = from.slice(0, rows.length + 1);
  const items: number[] = [];
  offsets[0] = (typeof from[0] === "bigint" ? 0n : 0) as never;
  for (const [i, row] of rows.entries()) {
    for (let at = Number(from[row]); at < Number(from[row + 1]); at++) items.push(at);
    offsets[i + 1] = (typeof from[0] === "bigint" ? BigInt(items.length) : items.length) as never;
  }
  if (data.children.length > 0) return { offsets, children: [take(childOf(data), items)] };
  const bytes = data.values as Uint8Array;
  return { offsets, values: Uint8Array.from(items, (at) => bytes[at] ?? 0) };
}

function fixedValues({ values, stride }: Data, rows: readonly number[]): ArrayLike<unknown> {
  const from = values as Float64Array;
  const taken = new (from.constructor as Float64ArrayConstructor)(rows.length * stride);
  for (const [i, row] of rows.entries())
    taken.set(from.subarray(row * stride, (row + 1) * stride), i * stride);
  return taken;
}
