import { type Data, DataType, makeData } from "apache-arrow";
import { setDecimal } from "./decimal-words.ts";

/** Numbers, and what is counted in them: decimals, times, dates, durations. */
export function countedData(type: DataType, counts: (number | bigint | null)[]): Data {
  const width = DataType.isDecimal(type) ? type.bitWidth / 32 : 1;
  const data = new (type.ArrayType as new (length: number) => CountArray)(counts.length * width);
  for (const [place, count] of counts.entries()) if (count !== null) setCount(data, place, count, type);
  return makeData({ ...header(type, counts), data } as never);
}

type CountArray = Record<number, number | bigint>;

function setCount(data: CountArray, place: number, count: number | bigint, type: DataType): void {
  if (DataType.isDecimal(type))
    setDecimal(data as unknown as Uint32Array, place, type.bitWidth, BigInt(count));
  else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[place] = BigInt(count);
  else data[place] = Number(count);
}

/** What Arrow is told of values beside these, of which some may be null. */
export function header(type: DataType, values: readonly unknown[]) {
  const nullBitmap = bitmapWhere(values.length, (place) => values[place] !== null);
  const nullCount = values.filter((value) => value === null).length;
  return { type, length: values.length, nullCount, nullBitmap };
}

/** A bit for each row that is valid, padded as Arrow's are. */
export function bitmapWhere(length: number, isValid: (row: number) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(length / 64) * 8);
  for (let row = 0; row < length; row++)
    if (isValid(row)) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  return bits;
}
