import { ThriftReader } from "../pages/thrift-reader.ts";

interface Element {
  name: string;
  children: number;
  isUuid: boolean;
}

/** Member of the union `LogicalType`. */
const uuid = 14;

/**
 * Columns that a file says hold UUIDs, which parquet-wasm takes for any 16 bytes.
 * https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#uuid
 * @param metadata of the file; of damaged one nothing is known, which the decoder says
 */
export function uuidColumns(metadata: Uint8Array): Set<string> {
  const schema: Element[] = [];
  const reader = new ThriftReader(metadata);
  try {
    reader.fields({ 2: (type) => reader.list(type, (element) => schema.push(readElement(reader, element))) });
  } catch {
    return new Set();
  }
  return new Set(columnsIn(schema).flatMap(({ name, isUuid }) => (isUuid ? [name] : [])));
}

function readElement(reader: ThriftReader, type: number): Element {
  const element = { name: "", children: 0, isUuid: false };
  const readUuid = (field: number) => {
    reader.struct(field, {});
    element.isUuid = true;
  };
  reader.struct(type, {
    4: (field) => {
      element.name = reader.text(field);
    },
    5: (field) => {
      element.children = reader.integer(field);
    },
    10: (field) => reader.struct(field, { [uuid]: readUuid }),
  });
  return element;
}

/** Elements are in depth-first order; the first is the schema itself, whose children are the columns. */
function columnsIn(schema: Element[]): Element[] {
  let within = 0;
  return schema.slice(1).filter(({ children }) => {
    const isColumn = within === 0;
    within += children - (isColumn ? 0 : 1);
    return isColumn;
  });
}
