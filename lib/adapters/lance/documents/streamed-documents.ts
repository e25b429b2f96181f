import "../../arrow/byte-order-marks.ts";
import { DataType, type Field, type RecordBatch, RecordBatchReader, type Schema } from "apache-arrow";
import type { StreamedDocuments } from "../../../domain/documents/document-tables.ts";
import { badRequest, DomainError, type Issue } from "../../../domain/errors.ts";
import type { Column } from "../../../domain/index/index-entry.ts";
import { wholeInput } from "../../../domain/validate.ts";
import { holdsSeveralVectors, noSeveralVectors } from "../../../domain/values/several-vectors.ts";
import { refuseUnbounded, UntakenStream } from "../../arrow/ipc-bounds.ts";
import { storedType } from "../../arrow/stored-types.ts";
import { isUuid, StreamedValues } from "./streamed-values.ts";

/**
 * Documents of an Arrow IPC stream in the form that they have in JSON, with the types that their columns would be stored as.
 * @throws BadRequest naming columns, or saying what of the stream is not taken
 */
export function streamedDocuments(stream: Uint8Array): StreamedDocuments {
  try {
    refuseUnbounded(stream);
    const reader = RecordBatchReader.from(stream).open();
    const columns = columnsIn(reader.schema);
    const values = new StreamedValues();
    return { columns, documents: [...reader].flatMap((batch) => documentsIn(batch, values)) };
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const why = error instanceof UntakenStream ? error.message : "is no Arrow IPC stream, or a damaged one";
    throw badRequest({ path: wholeInput, message: why });
  }
}

/** @throws BadRequest */
function columnsIn({ fields }: Schema): Column[] {
  const issues: Issue[] = [];
  const columns = fields.map((field, i) => {
    const { name } = field;
    const type = streamedType(field);
    if (!type) issues.push({ path: `schema.${name}`, message: notStored(String(field.type)) });
    if (fields.findIndex((one) => one.name === name) < i)
      issues.push({ path: `schema.${name}`, message: "is there more than once" });
    return { name, type: type ?? "" };
  });
  if (issues.length > 0) throw badRequest(issues);
  return columns;
}

const notStored = (type: string) =>
  `${type} cannot be stored; ${holdsSeveralVectors(type) ? noSeveralVectors : "leave it out"}`;

function streamedType(field: Field): string | undefined {
  const { type } = field;
  if (isUuid(field)) return "Utf8";
  if (DataType.isDecimal(type) && ![128, 256].includes(type.bitWidth)) return undefined;
  if (type.children?.some((item: Field) => DataType.isDictionary(item.type))) return undefined;
  const stored = storedType(type);
  return stored && String(stored);
}

function documentsIn(
  { schema, data, numRows }: RecordBatch,
  values: StreamedValues,
): Record<string, unknown>[] {
  const getters = schema.fields.map((field, i) => {
    const column = data.children[i];
    if (!column || column.length < numRows) throw new RangeError("a column is shorter than its batch");
    return [field.name, values.of(field, column)] as const;
  });
  return Array.from({ length: numRows }, (_, row) =>
    Object.fromEntries(getters.map(([name, get]) => [name, get(row)])),
  );
}
