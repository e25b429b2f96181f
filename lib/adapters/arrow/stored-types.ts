import {
  Binary,
  Bool,
  DataType,
  DateDay,
  Decimal,
  type Dictionary,
  Duration,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Null,
  Time,
  Timestamp,
  TimeUnit,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";
import { listOf, timeOf } from "../../domain/values/column-types.ts";
import { decimalTypeOf } from "../../domain/values/decimal.ts";

const plain = [
  ...[new Utf8(), new Bool(), new Binary(), new DateDay(), new Float32(), new Float64()],
  ...[
    new Int8(),
    new Int16(),
    new Int32(),
    new Int64(),
    new Uint8(),
    new Uint16(),
    new Uint32(),
    new Uint64(),
  ],
];
const plainTypes = new Map(plain.map((type) => [String(type), type]));

/** The Arrow type of a stored column by its printed name; undefined when such columns are not carried over. */
export function typeNamed(name: string): DataType | undefined {
  const list = listOf(name);
  if (!list) return scalarNamed(name);
  const item = scalarNamed(list.item);
  if (!item) return undefined;
  const field = new Field("item", item, true);
  return list.size === undefined ? new List(field) : new FixedSizeList(Number(list.size), field);
}

function scalarNamed(name: string): DataType | undefined {
  const decimal = decimalTypeOf(name);
  if (decimal) return new Decimal(decimal.scale, decimal.precision, decimal.precision > 38 ? 256 : 128);
  const time = timeOf(name);
  if (!time) return plainTypes.get(name);
  const unit = TimeUnit[time.unit];
  if (time.kind === "Timestamp") return new Timestamp(unit, time.zone ?? null);
  return time.kind === "Duration"
    ? new Duration(unit)
    : new Time(unit, unit > TimeUnit.MILLISECOND ? 64 : 32);
}

/**
 * What is stored of a source column's type: one string type, no dictionaries, no half floats. `Null` is of a column that
 * holds nulls only, which takes its type from other files.
 * @returns undefined when such columns are not carried over
 */
export function storedType(type: DataType): DataType | undefined {
  const item = type.children?.[0];
  if (!item || !(DataType.isList(type) || DataType.isFixedSizeList(type))) return storedScalar(type);
  const stored = storedScalar(item.type);
  if (!stored) return undefined;
  const field = new Field("item", stored, true);
  // Lance has no fixed-size lists of values that differ in size
  const fixed = DataType.isFixedSizeList(type) && !hasLength(stored) && !DataType.isNull(stored);
  return fixed ? new FixedSizeList(type.listSize, field) : new List(field);
}

const hasLength = (type: DataType) => DataType.isUtf8(type) || DataType.isBinary(type);

function storedScalar(type: DataType): DataType | undefined {
  if (DataType.isDictionary(type)) return storedScalar((type as Dictionary).dictionary);
  if (DataType.isNull(type)) return new Null();
  if (DataType.isLargeUtf8(type)) return new Utf8();
  if (DataType.isLargeBinary(type) || DataType.isFixedSizeBinary(type)) return new Binary();
  if (String(type) === "Float16") return new Float32();
  if (String(type) === "Date64<MILLISECOND>") return new Timestamp(TimeUnit.MILLISECOND);
  return scalarNamed(String(type));
}
