import { type DataType, Field, FixedSizeList, Float32, Int64, Schema, Uint64 } from "apache-arrow";
import type { Column } from "../../domain/index/index-entry.ts";
import type { TargetSchema } from "../../domain/source/parquet-source.ts";
import { typeNamed } from "./stored-types.ts";

/** Names and types of a schema's columns, as the registry and the API show them. */
export function columnsOf(schema: Schema): Column[] {
  return schema.fields.map((field) => ({ name: field.name, type: String(field.type) }));
}

/** Unit in the upper and row in the lower 32 bits: where a row came from, until the load is sealed. */
export const originColumn = "_origin";

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
