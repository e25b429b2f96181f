import { type Data, DataType } from "apache-arrow";

/** The field that holds a vector's values, in the structs that stand for vectors. */
export const valuesField = "values";
/** Of Spark ML's VectorUDT. https://github.com/apache/spark/blob/master/mllib-local, VectorUDT.scala */
const spark = ["type", "size", "indices", valuesField];
const dense = 1;

/**
 * The type of a vector's values in a struct that stands for a vector: Spark ML's, or one of values alone.
 * @returns undefined for other types; a sparse vector has other fields
 */
export function valuesIn(type: DataType): DataType | undefined {
  if (!DataType.isStruct(type)) return undefined;
  const names = type.children.map(({ name }) => name).join();
  const isVector = names === spark.join() || names === valuesField;
  return isVector ? type.children.find(({ name }) => name === valuesField)?.type : undefined;
}

/** The values of vectors in structs that stand for them, none of which may be null or sparse. */
export const valuesOf = (column: Data): Data => field(column, valuesField) as Data;

/** The first row with a vector that is sparse, which Spark tells by its type. */
export function sparseRow(column: Data): number | undefined {
  const types = field(column, "type");
  if (!types) return undefined;
  const row = types.values.subarray(0, column.length).findIndex((type: number) => type !== dense);
  return row < 0 ? undefined : row;
}

function field({ type, children }: Data, name: string): Data | undefined {
  return children[type.children.findIndex((one: { name: string }) => one.name === name)];
}
