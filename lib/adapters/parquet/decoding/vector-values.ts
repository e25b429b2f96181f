import { type Data, DataType, type Float, type Int } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import { sparseRow, valuesOf } from "../footers/vector-structs.ts";
import { RowError } from "./row-error.ts";

/** A row that cannot become a vector of the index. */
export class VectorRowError extends RowError {}

/**
 * The float32 values of a vector column, row after row, from any of its layouts: list or fixed-size list of floats or
 * integers, a struct of such a list, or binary, of any or fixed size, of little-endian float32.
 * @throws VectorRowError for the first row that is null or of another dimension
 */
export function vectorValues(column: Data, dimension: number): Float32Array {
  refuseNulls(column);
  if (DataType.isStruct(column.type)) return vectorValues(denseValues(column), dimension);
  if (DataType.isFixedSizeBinary(column.type))
    return fixedBinaryValues(column, column.type.byteWidth, dimension);
  if (DataType.isBinary(column.type) || DataType.isLargeBinary(column.type))
    return binaryValues(column, dimension);
  return listValues(column, dimension);
}

/** Row by row, for a batch in which one is wrong: the values, or why there are none. */
export function vectorsOrReasons(
  column: Data,
  dimension: number,
  refuseZeroVectors: boolean,
): (Float32Array | string)[] {
  return Array.from({ length: column.length }, (_, row) => {
    try {
      const values = vectorValues(column.slice(row, 1), dimension);
      refuseIncomparable(values, dimension, refuseZeroVectors);
      return values;
    } catch (error) {
      if (error instanceof VectorRowError) return error.message;
      throw error;
    }
  });
}

function refuseNulls(column: Data): void {
  if (column.nullCount === 0) return;
  for (let row = 0; row < column.length; row++)
    if (!column.getValid(row)) throw new VectorRowError(row, "the vector is null");
}

function denseValues(column: Data): Data {
  const sparse = sparseRow(column);
  if (sparse !== undefined) throw new VectorRowError(sparse, "the vector is sparse; write it as a dense one");
  return valuesOf(column);
}

function listValues(column: Data, dimension: number): Float32Array {
  const [first, end] = listBounds(column, dimension);
  const child = column.children[0] as Data<Float | Int>;
  if (child.nullCount > 0) refuseNullValues(child, first, end, dimension);
  const values = child.values.subarray(first, end);
  if (values instanceof Float32Array) return values;
  if (values instanceof Float64Array) return Float32Array.from(values);
  if (DataType.isFloat(child.type)) return Float32Array.from(values as Uint16Array, fromHalf);
  return Float32Array.from(values as ArrayLike<number | bigint>, Number);
}

/** The part of the child that the rows cover, which Arrow cuts for fixed sizes; rows of a list must all have the dimension. */
function listBounds(column: Data, dimension: number): [number, number] {
  if (DataType.isFixedSizeList(column.type)) {
    if (column.type.listSize !== dimension && column.length > 0)
      throw new VectorRowError(0, `the vector has ${column.type.listSize} values, not ${dimension}`);
    return [0, column.length * dimension];
  }
  const offsets = column.valueOffsets as Int32Array | BigInt64Array;
  for (let row = 0; row < column.length; row++) {
    const length = Number(offsets[row + 1]) - Number(offsets[row]);
    if (length !== dimension)
      throw new VectorRowError(row, `the vector has ${length} values, not ${dimension}`);
  }
  return [Number(offsets[0] ?? 0), Number(offsets[column.length] ?? 0)];
}

function refuseNullValues(child: Data, first: number, end: number, dimension: number): void {
  for (let i = first; i < end; i++)
    if (!child.getValid(i))
      throw new VectorRowError(
        Math.floor((i - first) / dimension),
        `value ${(i - first) % dimension} of the vector is null`,
      );
}

function binaryValues(column: Data, dimension: number): Float32Array {
  const offsets = column.valueOffsets as Int32Array | BigInt64Array;
  for (let row = 0; row < column.length; row++)
    refuseBytes(row, Number(offsets[row + 1]) - Number(offsets[row]), dimension);
  return floatsIn(column, Number(offsets[0] ?? 0), Number(offsets[column.length] ?? 0));
}

function fixedBinaryValues(column: Data, byteWidth: number, dimension: number): Float32Array {
  refuseBytes(0, byteWidth, dimension);
  return floatsIn(column, 0, column.length * byteWidth);
}

function refuseBytes(row: number, bytes: number, dimension: number): void {
  const expected = dimension * 4;
  if (bytes !== expected)
    throw new VectorRowError(row, `the vector has ${bytes} bytes, not ${expected} (${dimension} float32)`);
}

/** A view where the bytes are aligned, else a copy. */
function floatsIn(column: Data, start: number, end: number): Float32Array {
  const bytes = (column.values as Uint8Array).subarray(start, end);
  if (bytes.byteOffset % 4 === 0)
    return new Float32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / 4);
  return new Float32Array(bytes.slice().buffer);
}

/**
 * Squared lengths are computed in float32: below its normal range they are 0 or wrong, and near its end those of
 * differences, and sums of them, are infinite (bench/NOTES.md).
 * @throws VectorRowError for the first row that is not finite, or has no distance to others
 */
export function refuseIncomparable(values: Float32Array, dimension: number, refuseZeros: boolean): void {
  for (let start = 0; start < values.length; start += dimension) {
    const square = squareOf(values, start, start + dimension); // NaN and infinity pass through it
    if (square >= limits.leastSquaredLength && square <= limits.maxSquaredLength) continue;
    if (square === 0 && !refuseZeros) continue;
    throw new VectorRowError(start / dimension, reasonOf(values.subarray(start, start + dimension)));
  }
}

/** In four sums, as each addition would wait for the one before it. */
function squareOf(values: Float32Array, start: number, end: number): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    first += squareAt(values, i);
    second += squareAt(values, i + 1);
    third += squareAt(values, i + 2);
    fourth += squareAt(values, i + 3);
  }
  for (; i < end; i++) first += squareAt(values, i);
  return first + second + third + fourth;
}

function squareAt(values: Float32Array, at: number): number {
  const value = values[at] as number;
  return value * value;
}

function reasonOf(vector: Float32Array): string {
  const wrong = vector.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) return `value ${wrong} of the vector is ${vector[wrong]}, not a finite float32`;
  if (vector.every((value) => value === 0))
    return "the vector is all zeros, which has no direction to compare by cosine";
  const extreme = vector.some((value) => Math.abs(value) > 1) ? "large" : "small";
  const bounds = `${Math.sqrt(limits.leastSquaredLength).toExponential(0)} to ${Math.sqrt(limits.maxSquaredLength).toExponential(0)}`;
  return `the vector's values are too ${extreme}: distances in float32 are right for lengths of ${bounds}`;
}

/** IEEE 754 half precision. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
