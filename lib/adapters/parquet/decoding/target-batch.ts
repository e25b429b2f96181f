import {
  type Data,
  DataType,
  type Field,
  Float32,
  makeData,
  RecordBatch,
  Struct,
  Uint64,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import type { TargetSchema } from "../../../domain/source/parquet-source.ts";
import { type PartitionValue, valueAs } from "../../../domain/source/partition-columns.ts";
import { appendSchema, originColumn, vectorType } from "../../arrow/arrow-schema.ts";
import { RowError } from "./row-error.ts";
import { nulls, storedColumn } from "./stored-values.ts";
import { refuseIncomparable, vectorValues } from "./vector-values.ts";

/** A row whose id cannot be one: null, empty or too long. */
export class IdRowError extends RowError {}

/** A row with another value than its directory tells. */
export class PartitionRowError extends RowError {}

/**
 * One decoded batch in the schema of the index: ids as strings, vectors as fixed-size lists of float32, the other
 * columns as stored, those the file lacks null, and the origin of each row.
 * @param firstRow row of the unit at which the batch starts
 * @param gap for its vectors, which are then neither there nor looked at
 * @param partitions what the file's directories tell of all its rows
 * @throws VectorRowError, IdRowError, PartitionRowError, ValueRowError with the row in the batch
 */
export function targetBatch(
  batch: RecordBatch,
  target: TargetSchema,
  unit: number,
  firstRow: number,
  gap?: Float32Array,
  partitions: ReadonlyMap<string, PartitionValue> = new Map(),
): RecordBatch {
  const schema = appendSchema(target);
  const children = schema.fields.map((field) => {
    const source = batch.getChild(field.name);
    if (field.name === originColumn) return originData(batch.numRows, unit, firstRow);
    if (field.name === target.vectorColumn) return vectorData(gap ?? vectorsOf(source, target), target);
    if (field.name === target.idColumn) return idData(source);
    if (partitions.has(field.name)) refuseOther(source, field, partitions.get(field.name) ?? null);
    if (source) return storedColumn(field.name, only(source), field.type);
    return sameInAll(field.type, batch.numRows, partitions.get(field.name) ?? null);
  });
  const struct = makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children });
  return new RecordBatch(schema, struct);
}

function only(column: Vector | null): Data {
  const [data] = column?.data ?? [];
  if (!data) throw new Error("a decoded batch lacks a column that the plan has seen");
  return data;
}

function vectorsOf(column: Vector | null, { dimension, refuseZeroVectors }: TargetSchema): Float32Array {
  const values = vectorValues(only(column), dimension);
  refuseIncomparable(values, dimension, refuseZeroVectors);
  return values;
}

function vectorData(values: Float32Array, { dimension }: TargetSchema): Data {
  const child = makeData({ type: new Float32(), length: values.length, nullCount: 0, data: values });
  return makeData({ type: vectorType(dimension), length: values.length / dimension, nullCount: 0, child });
}

function idData(column: Vector | null): Data {
  if (!column) throw new Error("a decoded batch lacks the id column");
  refuseBadIds(column);
  if (String(column.type) === "Utf8") return only(column);
  return only(vectorFromArray(Array.from(column, String), new Utf8()));
}

function refuseBadIds(column: Vector): void {
  for (let row = 0; row < column.length; row++) {
    const id = column.get(row);
    if (id === null) throw new IdRowError(row, "the document id is null");
    if (id === "") throw new IdRowError(row, "the document id is empty");
    if (String(id).length > limits.maxDocIdLength)
      throw new IdRowError(row, `the document id is longer than ${limits.maxDocIdLength} characters`);
  }
}

function originData(rows: number, unit: number, firstRow: number): Data {
  const origins = new BigUint64Array(rows);
  const base = (BigInt(unit) << 32n) + BigInt(firstRow);
  for (let row = 0; row < rows; row++) origins[row] = base + BigInt(row);
  return makeData({ type: new Uint64(), length: rows, nullCount: 0, data: origins });
}

/** A file may have the columns of its directories, too, if it says the same. */
function refuseOther(column: Vector | null, field: Field, told: PartitionValue): void {
  if (!column) return;
  const expected = String(valueAs(String(field.type), told));
  for (let row = 0; row < column.length; row++)
    if (String(column.get(row)) !== expected)
      throw new PartitionRowError(
        row,
        `column ${field.name} is ${String(column.get(row)).slice(0, 80)}, its directory says ${told}; set partitionColumns to "ignore" to leave directories out`,
      );
}

function sameInAll(type: DataType, rows: number, told: PartitionValue): Data {
  const value = valueAs(String(type), told);
  if (value === null || value === undefined) return nulls(type, rows);
  const item = DataType.isDate(type) ? new Date(Number(value)) : value;
  return only(vectorFromArray(Array(rows).fill(item), type));
}
