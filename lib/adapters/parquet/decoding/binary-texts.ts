import {
  type Data,
  DataType,
  Field,
  type FixedSizeBinary,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
} from "apache-arrow";
import type { TargetSchema } from "../../../domain/source/parquet-source.ts";

const digits = Buffer.from("0123456789abcdef");
/** Bytes of a UUID that a dash follows. */
const uuidDashes = [3, 5, 7, 9];

/**
 * A decoded batch in which bytes of a fixed size that are strings in the index are strings: UUIDs as lower-case 8-4-4-4-12,
 * an id of other bytes as lower-case hex.
 * @param uuids columns that hold them
 */
export function withBinaryAsText(
  batch: RecordBatch,
  { columns, vectorColumn }: TargetSchema,
  uuids: ReadonlySet<string>,
): RecordBatch {
  const texts = new Set(columns.filter(({ type }) => type === "Utf8").map(({ name }) => name));
  const isText = ({ name, type }: Field): boolean =>
    DataType.isFixedSizeBinary(type) && texts.has(name) && name !== vectorColumn;
  if (!batch.schema.fields.some(isText)) return batch;
  const fields = batch.schema.fields.map((field) =>
    isText(field) ? new Field(field.name, new Utf8(), field.nullable) : field,
  );
  const children = batch.schema.fields.map((field, i) => {
    const data = batch.data.children[i] as Data;
    return isText(field)
      ? hexOf(data as Data<FixedSizeBinary>, uuids.has(field.name) ? uuidDashes : [])
      : data;
  });
  const data = makeData({ type: new Struct(fields), length: batch.numRows, nullCount: 0, children });
  return new RecordBatch(new Schema(fields), data);
}

function hexOf(
  { type, length, values, nullCount, nullBitmap }: Data<FixedSizeBinary>,
  dashes: number[],
): Data<Utf8> {
  const characters = 2 * type.byteWidth + dashes.length;
  const data = new Uint8Array(length * characters);
  let at = 0;
  for (let row = 0; row < length; row++)
    for (let byte = 0; byte < type.byteWidth; byte++) {
      const value = values[row * type.byteWidth + byte] as number;
      data[at++] = digits[value >> 4] as number;
      data[at++] = digits[value & 15] as number;
      if (dashes.includes(byte)) data[at++] = 45;
    }
  const valueOffsets = Int32Array.from({ length: length + 1 }, (_, row) => row * characters);
  return makeData({ type: new Utf8(), length, nullCount, nullBitmap, valueOffsets, data });
}
