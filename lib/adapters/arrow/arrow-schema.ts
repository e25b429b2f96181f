import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Schema,
  Timestamp,
  TimeUnit,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";
import type { Column } from "../../domain/index-entry.ts";
import type { TargetSchema } from "../../domain/ports.ts";

/** Names and types of a schema's columns, as the registry and the API show them. */
export function columnsOf(schema: Schema): Column[] {
  return schema.fields.map((field) => ({ name: field.name, type: String(field.type) }));
}

/** Unit in the upper and row in the lower 32 bits: where a row came from, until the load is sealed. */
export const originColumn = "_origin";

const scalars: Record<string, () => DataType> = {
  Utf8: () => new Utf8(),
  Bool: () => new Bool(),
  Binary: () => new Binary(),
  Int8: () => new Int8(),
  Int16: () => new Int16(),
  Int32: () => new Int32(),
  Int64: () => new Int64(),
  Uint8: () => new Uint8(),
  Uint16: () => new Uint16(),
  Uint32: () => new Uint32(),
  Uint64: () => new Uint64(),
  Float32: () => new Float32(),
  Float64: () => new Float64(),
  "Date32<DAY>": () => new DateDay(),
};

/** The Arrow type of a stored column by its printed name; undefined when such columns are not carried over. */
export function typeNamed(name: string): DataType | undefined {
  const scalar = scalars[name];
  if (scalar) return scalar();
  const time = /^Timestamp<(SECOND|MILLISECOND|MICROSECOND|NANOSECOND)(?:, (.+))?>$/.exec(name);
  if (time) return new Timestamp(TimeUnit[time[1] as keyof typeof TimeUnit], time[2] ?? null);
  const list = /^(?:List|FixedSizeList\[(\d+)\])<(\w+)>$/.exec(name);
  const item = list && scalars[list[2] ?? ""];
  if (!item) return undefined;
  const field = new Field("item", item(), true);
  return list[1] === undefined ? new List(field) : new FixedSizeList(Number(list[1]), field);
}

/** What is stored of a source column's type: one string type, no dictionaries, decimals as doubles. */
export function storedTypeName(type: string): string {
  const dictionary = /^Dictionary<\w+, (\w+)>$/.exec(type); // of simple values: others are not read value by value
  if (dictionary?.[1]) return storedTypeName(dictionary[1]);
  if (type === "LargeUtf8") return "Utf8";
  if (type === "LargeBinary" || /^FixedSizeBinary/.test(type)) return "Binary";
  if (/^Decimal/.test(type)) return "Float64";
  if (type === "Float16") return "Float32";
  if (/^Date64/.test(type)) return "Timestamp<MILLISECOND>";
  // Lance has no fixed-size lists of values that differ in size
  return type.replace(/^FixedSizeList\[\d+\]<(Utf8|Binary)>$/, "List<$1>");
}

/** The schema of a generation under load: the index's columns and the origin. */
export const loadSchema = (target: TargetSchema) => withOrigins(target, new Int64());

/**
 * The schema of what is appended to it: LanceDB casts the origins, into memory of their own. As they come they would be
 * part of their batch, which it takes for their size, so that it makes a page of each few, to be read one by one.
 */
export const appendSchema = (target: TargetSchema) => withOrigins(target, new Uint64());

function withOrigins(target: TargetSchema, type: DataType): Schema {
  const columns = target.columns.map((column) => fieldFor(column, target));
  return new Schema([...columns, new Field(originColumn, type, true)]);
}

function fieldFor({ name, type }: Column, { vectorColumn, dimension }: TargetSchema): Field {
  if (name === vectorColumn) return new Field(name, vectorType(dimension), true);
  const known = typeNamed(type);
  if (!known) throw new Error(`column type ${type} was not refused by the plan`);
  return new Field(name, known, true);
}

export function vectorType(dimension: number): FixedSizeList<Float32> {
  return new FixedSizeList(dimension, new Field("item", new Float32(), true));
}
