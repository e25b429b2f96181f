import { isUtf8 } from "node:buffer";
import { type Data, DataType, type TimeUnit } from "apache-arrow";
import { decimalAt } from "../../arrow/decimal-words.ts";
import { nanosecondsOfInt96 } from "../footers/int96.ts";
import { fromHalf } from "./vector-values.ts";

/** A value that its column cannot hold, where it lies among the column's values. */
export class Unfit extends Error {
  readonly place: number;

  constructor(place: number, message: string) {
    super(message);
    this.place = place;
  }
}

/** A number, or the count of a unit that a time or a decimal is. */
export type Count = bigint | number;
type Reader<T> = (place: number) => T | null;

/** Bytes of strings or binary. @param asText whether each must be UTF-8; one that is not is Unfit */
export function readBytes(column: Data, asText: boolean): Reader<Uint8Array> {
  if (DataType.isDictionary(column.type))
    return fromDictionary(column, (values) => readBytes(values, asText));
  const boundsAt = boundsOf(column);
  const unproven = asText && !DataType.isUtf8(column.type) && !DataType.isLargeUtf8(column.type);
  return unlessNull(column, (place) => {
    const bytes = (column.values as Uint8Array).subarray(...boundsAt(place));
    if (unproven && !isUtf8(bytes))
      throw new Unfit(place, "the bytes are no text in UTF-8, as in other files");
    return bytes;
  });
}

function boundsOf({ type, valueOffsets }: Data): (place: number) => [number, number] {
  if (!DataType.isFixedSizeBinary(type))
    return (place) => [Number(valueOffsets[place]), Number(valueOffsets[place + 1])];
  const { byteWidth } = type;
  return (place) => [place * byteWidth, (place + 1) * byteWidth];
}

/** Values as a column of another type counts them. @param type one of numbers, decimals or times */
export function readCounts(column: Data, type: DataType): Reader<Count> {
  if (DataType.isDictionary(column.type)) return fromDictionary(column, (values) => readCounts(values, type));
  if (isTime(type)) return unlessNull(column, readTime(column, type));
  if (DataType.isDecimal(type)) return unlessNull(column, readDecimal(column, type.scale));
  const { values } = column;
  if (String(column.type) === "Float16") return unlessNull(column, (place) => fromHalf(values[place]));
  return unlessNull(column, (place) => values[place]);
}

function unlessNull<T>(column: Data, read: (place: number) => T): Reader<T> {
  return (place) => (column.getValid(place) ? read(place) : null);
}

function fromDictionary<T>(column: Data, readerOf: (values: Data) => Reader<T>): Reader<T> {
  const parts = (column.dictionary?.data ?? []).map((values) => ({
    length: values.length,
    read: readerOf(values),
  }));
  return unlessNull(column, (place) => {
    let index = Number(column.values[place]);
    for (const { length, read } of parts) {
      if (index < length) return read(index);
      index -= length;
    }
    throw new Unfit(place, "the value is not in its dictionary");
  }) as Reader<T>;
}

type Time = DataType & { unit: TimeUnit };

const isTime = (type: DataType): type is Time =>
  DataType.isTimestamp(type) || DataType.isTime(type) || DataType.isDuration(type);

const nanosecondsA = (unit: TimeUnit) => 10n ** BigInt(9 - 3 * unit);

/** In the unit of a type: what is finer than that, or beyond 64 bits of it, is Unfit. */
function readTime(column: Data, type: Time): (place: number) => bigint {
  const read = nanosecondsIn(column);
  const unit = nanosecondsA(type.unit);
  return (place) => {
    const nanoseconds = read(place);
    if (nanoseconds % unit !== 0n)
      throw new Unfit(place, `the time is finer than ${type}, as which it is stored`);
    const count = nanoseconds / unit;
    if (BigInt.asIntN(64, count) !== count)
      throw new Unfit(place, `the time is outside of the range of ${type}, as which it is stored`);
    return count;
  };
}

function nanosecondsIn({ type, values }: Data): (place: number) => bigint {
  if (DataType.isFixedSizeBinary(type)) {
    const bytes = new DataView(values.buffer, values.byteOffset, values.byteLength);
    return (place) => nanosecondsOfInt96(bytes, place * type.byteWidth);
  }
  const unit = isTime(type) ? nanosecondsA(type.unit) : millisecond; // of a date of 64 bits
  return (place) => BigInt(values[place]) * unit;
}

const millisecond = 1_000_000n;

function readDecimal(column: Data, scale: number): (place: number) => bigint {
  const { type, values } = column;
  if (!DataType.isDecimal(type)) return (place) => BigInt(values[place]) * 10n ** BigInt(scale);
  const factor = 10n ** BigInt(scale - type.scale);
  return (place) => decimalAt(column as Data<typeof type>, place) * factor;
}
