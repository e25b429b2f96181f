import { type Data, DataType, type Float } from "apache-arrow";

/** A row that cannot become a vector of the index: where it is in the batch and why. */
export class VectorRowError extends Error {
  readonly row: number;

  constructor(row: number, message: string) {
    super(message);
    this.row = row;
  }
}

/**
 * The float32 values of a vector column, row after row, from any of its layouts: list, large list or fixed-size list of
 * float16, float32 or float64, or binary of little-endian float32.
 * @throws VectorRowError for the first row that is null, of another dimension, or not finite
 */
export function vectorValues(column: Data, dimension: number, refuseZeros: boolean): Float32Array {
  refuseNulls(column);
  const values =
    DataType.isBinary(column.type) || isLargeBinary(column.type)
      ? binaryValues(column, dimension)
      : listValues(column, dimension);
  refuseNonNumbers(values, dimension, refuseZeros);
  return values;
}

function refuseNulls(column: Data): void {
  if (column.nullCount === 0) return;
  for (let row = 0; row < column.length; row++)
    if (!column.getValid(row)) throw new VectorRowError(row, "the vector is null");
}

function listValues(column: Data, dimension: number): Float32Array {
  const [first, end] = listBounds(column, dimension);
  const child = column.children[0] as Data<Float>;
  if (child.nullCount > 0) refuseNullValues(child, first, end, dimension);
  const values = child.values.subarray(first, end);
  if (values instanceof Float32Array) return values;
  if (values instanceof Float64Array) return Float32Array.from(values);
  return Float32Array.from(values as Uint16Array, fromHalf);
}

/** The part of the child that the rows cover; rows of a list must all have the dimension. */
function listBounds(column: Data, dimension: number): [number, number] {
  if (DataType.isFixedSizeList(column.type)) {
    if (column.type.listSize !== dimension && column.length > 0)
      throw new VectorRowError(0, `the vector has ${column.type.listSize} values, not ${dimension}`);
    return [column.offset * dimension, (column.offset + column.length) * dimension];
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
  for (let row = 0; row < column.length; row++) {
    const bytes = Number(offsets[row + 1]) - Number(offsets[row]);
    if (bytes !== dimension * 4)
      throw new VectorRowError(
        row,
        `the vector has ${bytes} bytes, not ${dimension * 4} (${dimension} float32)`,
      );
  }
  const bytes = (column.values as Uint8Array).subarray(
    Number(offsets[0] ?? 0),
    Number(offsets[column.length] ?? 0),
  );
  if (bytes.byteOffset % 4 === 0)
    return new Float32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / 4);
  return new Float32Array(bytes.slice().buffer);
}

function refuseNonNumbers(values: Float32Array, dimension: number, refuseZeros: boolean): void {
  for (let start = 0; start < values.length; start += dimension) {
    let sum = 0; // of magnitudes: NaN and infinity pass through it, so a row costs one check
    for (let i = start; i < start + dimension; i++) sum += Math.abs(values[i] as number);
    if (sum > 0 && sum < Number.POSITIVE_INFINITY) continue;
    explain(values.subarray(start, start + dimension), start / dimension, refuseZeros);
  }
}

function explain(vector: Float32Array, row: number, refuseZeros: boolean): void {
  const wrong = vector.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new VectorRowError(row, `value ${wrong} of the vector is ${vector[wrong]}, not a finite float32`);
  if (refuseZeros && vector.every((value) => value === 0))
    throw new VectorRowError(row, "the vector is all zeros, which has no direction to compare by cosine");
}

function isLargeBinary(type: DataType): boolean {
  return String(type) === "LargeBinary";
}

/** IEEE 754 half precision. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
