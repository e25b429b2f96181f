import { type Data, DataType, type Decimal, type Field, makeData, vectorFromArray } from "apache-arrow";
import { bitmapWhere, countedData, header } from "../../arrow/built-data.ts";
import { readBytes, readCounts, Unfit } from "./exact-values.ts";
import { RowError } from "./row-error.ts";

/** A row whose value its column cannot hold. */
export class ValueRowError extends RowError {
  readonly column: string;

  constructor(row: number, column: string, message: string) {
    super(row, message);
    this.column = column;
  }
}

/**
 * A decoded column as the index has it: as it is where the types agree, else value by value, each exactly.
 * @param type one that holds the column's, or that some of its values may not fit in
 * @throws ValueRowError for the first that does not
 */
export function storedColumn(name: string, column: Data, type: DataType): Data {
  try {
    return stored(column, type);
  } catch (error) {
    if (error instanceof Unfit) throw new ValueRowError(error.place, name, error.message);
    throw error;
  }
}

function stored(column: Data, type: DataType): Data {
  if (String(column.type) === String(type) && sameWidth(column.type, type)) return column;
  if (DataType.isNull(column.type)) return nulls(type, column.length);
  if (DataType.isList(type)) return storedList(column, type);
  if (DataType.isFixedSizeList(type)) return storedFixedList(column, type);
  return DataType.isUtf8(type) || DataType.isBinary(type) ? ofBytes(type, column) : ofCounts(type, column);
}

/** Decimals are printed without their width. */
const sameWidth = (a: DataType, b: DataType) =>
  !DataType.isDecimal(a) || a.bitWidth === (b as Decimal).bitWidth;

/** Nothing but nulls. */
export function nulls(type: DataType, rows: number): Data {
  if (!DataType.isFixedSizeList(type)) return dataOf(Array<null>(rows).fill(null), type);
  // Arrow's builder leaves out the values of null lists at the end, which are there all the same
  const child = nulls((type.children[0] as Field).type, rows * type.listSize);
  const nullBitmap = new Uint8Array(Math.ceil(rows / 8));
  return makeData({ type, length: rows, nullCount: rows, nullBitmap, child });
}

function storedList(column: Data, type: DataType): Data {
  const { length } = column;
  const offsets = offsetsOf(column);
  const child = children(column, (offset) => rowAt(offsets, offset));
  return makeData({
    type: type as never,
    length,
    nullCount: column.nullCount,
    nullBitmap: bitmapOf(column),
    valueOffsets: offsets,
    child: child((type.children[0] as Field).type),
  } as never);
}

/** Of lists of a fixed size, too, and from 0, so that they fit children of their own. */
function offsetsOf(column: Data): Int32Array {
  if (DataType.isFixedSizeList(column.type)) {
    const { listSize } = column.type;
    return Int32Array.from({ length: column.length + 1 }, (_, row) => row * listSize);
  }
  return Int32Array.from(column.valueOffsets.subarray(0, column.length + 1), Number);
}

function storedFixedList(column: Data, type: DataType): Data {
  const { listSize } = column.type as unknown as { listSize: number };
  const child = children(column, (place) => Math.floor(place / listSize));
  return makeData({
    type: type as never,
    length: column.length,
    nullCount: column.nullCount,
    nullBitmap: bitmapOf(column),
    child: child((type.children[0] as Field).type),
  } as never);
}

/** @param rowOf place of a child */
function children(column: Data, rowOf: (place: number) => number): (type: DataType) => Data {
  return (type) => {
    try {
      return stored(column.children[0] as Data, type);
    } catch (error) {
      if (error instanceof Unfit) throw new Unfit(rowOf(error.place), error.message);
      throw error;
    }
  };
}

/** The last row that begins at or before a place. */
function rowAt(offsets: Int32Array, place: number): number {
  let row = 0;
  while ((offsets[row + 1] ?? Number.POSITIVE_INFINITY) <= place) row++;
  return row;
}

/** From its first bit on. */
function bitmapOf(column: Data): Uint8Array | undefined {
  if (column.nullCount === 0) return undefined;
  return bitmapWhere(column.length, (row) => column.getValid(row));
}

function ofBytes(type: DataType, column: Data): Data {
  const read = readBytes(column, DataType.isUtf8(type));
  const parts = Array.from({ length: column.length }, (_, place) => read(place));
  const valueOffsets = new Int32Array(parts.length + 1);
  for (const [i, part] of parts.entries())
    valueOffsets[i + 1] = (valueOffsets[i] as number) + (part?.length ?? 0);
  const data = new Uint8Array(valueOffsets.at(-1) ?? 0);
  for (const [i, part] of parts.entries()) if (part) data.set(part, valueOffsets[i]);
  return makeData({ ...header(type, parts), valueOffsets, data } as never);
}

function ofCounts(type: DataType, column: Data): Data {
  const read = readCounts(column, type);
  return countedData(
    type,
    Array.from({ length: column.length }, (_, place) => read(place)),
  );
}

function dataOf(values: unknown[], type: DataType): Data {
  const [data] = vectorFromArray(values, type).data;
  if (!data) throw new Error("a column was built without data");
  return data;
}
