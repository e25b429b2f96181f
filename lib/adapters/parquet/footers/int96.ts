import { Field, FixedSizeBinary, List, Timestamp, TimeUnit, tableFromIPC } from "apache-arrow";
import { hintIn } from "./arrow-hint.ts";

/** Spark's own precision, in which all its years have room. */
const usual = new Timestamp(TimeUnit.MICROSECOND);
const epochJulianDay = 2_440_588;
const nanosecondsADay = 86_400_000_000_000n;

/**
 * In what INT96 columns are counted: as whoever wrote them says, who knew nanoseconds where there are some, else in
 * microseconds, which hold any year.
 */
export function instantsOf(columns: Set<string>, metadata: Uint8Array): Map<string, Timestamp> {
  if (columns.size === 0) return new Map();
  const hinted = hintedTypes(metadata);
  return new Map([...columns].map((name) => [name, hinted.get(name) ?? usual]));
}

function hintedTypes(metadata: Uint8Array): Map<string, Timestamp> {
  try {
    const hint = hintIn(metadata);
    const fields = hint ? tableFromIPC(hint).schema.fields : [];
    return new Map(
      fields.flatMap(({ name, type }) => {
        const item = type.children?.[0]?.type ?? type;
        return item instanceof Timestamp ? [[name, item]] : [];
      }),
    );
  } catch {
    return new Map(); // a hint that cannot be read says nothing
  }
}

/** The field as it is read, with its 12 bytes taken for instants. */
export function int96Type(field: Field, instant: Timestamp | undefined): Field {
  if (!instant) return field;
  const { name, type } = field;
  if (type instanceof FixedSizeBinary) return new Field(name, instant, true);
  const item = type.children?.[0]?.type;
  return item instanceof FixedSizeBinary
    ? new Field(name, new List(new Field("item", instant, true)), true)
    : field;
}

/** Nanoseconds since 1970 of an INT96: those of the day in 8 bytes, then the Julian day in 4. */
export function nanosecondsOfInt96(bytes: DataView, at: number): bigint {
  const day = BigInt(bytes.getInt32(at + 8, true) - epochJulianDay);
  return day * nanosecondsADay + bytes.getBigInt64(at, true);
}
