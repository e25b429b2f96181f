import { NotReadHere } from "./not-read-here.ts";
import { isKnownCodec } from "./page-codecs.ts";
import { type FieldReaders, ThriftReader } from "./thrift-reader.ts";

/** The vector column's part of a row group. */
export interface VectorChunk {
  rows: number;
  /** First byte of its pages, the dictionary's first. */
  start: number;
  /** Exclusive. */
  end: number;
  codec: number;
  /** Of all rows; a list's values count each. */
  values: number;
}

/** A vector column that is stored in a way that `VectorPages` reads. */
export interface VectorChunks {
  layout: "list" | "variable-binary" | "fixed-binary";
  /** Definition level of a value that is not null. */
  highestDefinition: number;
  chunks: VectorChunk[];
}

interface SchemaElement {
  name: string;
  type: number;
  typeLength: number;
  repetition: number;
  children: number;
  converted: number;
}

interface StoredChunk {
  type: number;
  codec: number;
  values: number;
  bytes: number;
  dataAt: number;
  dictionaryAt: number;
  /** In another file, or encrypted. */
  elsewhere: boolean;
}

const [required, optional, repeated] = [0, 1, 2];
const [float, byteArray, fixedLenByteArray] = [4, 6, 7];
const convertedList = 3;

/**
 * Where a file has the values of its vector column, of the metadata that parquet-wasm does not tell.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (FileMetaData)
 * @param metadata of the file, with or without what follows it
 * @param end of the data in the file, exclusive
 * @returns undefined for a column that is not a list of float32 or binary of `dimension` float32 in one piece
 * @throws Error for metadata that is damaged
 */
export function vectorChunksOf(
  metadata: Uint8Array,
  end: number,
  column: string,
  dimension: number,
): VectorChunks | undefined {
  const reader = new ThriftReader(metadata);
  const schema: SchemaElement[] = [];
  let found: ReturnType<typeof leafOf>;
  const groups: { rows: number; chunk: StoredChunk | undefined }[] = [];
  reader.fields({
    2: (type) => reader.list(type, (element) => schema.push(readElement(reader, element))),
    4: (type) => {
      found = leafOf(schema, column, dimension);
      if (found) reader.list(type, (element) => groups.push(readRowGroup(reader, element, found?.leaf ?? 0)));
    },
  });
  if (!found) return undefined;
  const { type, layout, highestDefinition } = found;
  const chunks = groups.map(({ rows, chunk }) => inOnePiece(rows, chunk, type, end));
  return { layout, highestDefinition, chunks };
}

function inOnePiece(rows: number, chunk: StoredChunk | undefined, type: number, end: number): VectorChunk {
  if (!chunk || chunk.elsewhere || chunk.type !== type)
    throw new Error("a column is not where its schema says");
  const { dataAt, dictionaryAt, codec, values } = chunk;
  const start = dictionaryAt > 0 ? Math.min(dictionaryAt, dataAt) : dataAt;
  if (start < 0 || chunk.bytes < 0 || start + chunk.bytes > end)
    throw new Error("a column chunk lies outside its file");
  if (!isKnownCodec(codec)) throw new NotReadHere("other-encoding", `codec ${codec} is not read here`);
  return { rows, start, end: start + chunk.bytes, codec, values };
}

/** Elements are in depth-first order; the first is the schema itself. */
function leafOf(schema: SchemaElement[], column: string, dimension: number) {
  for (let [at, leaf] = [1, 0]; at < schema.length; ) {
    const end = endOf(schema, at);
    const element = schema[at] as SchemaElement;
    if (element.name === column) {
      const layout = layoutOf(schema.slice(at, end), dimension);
      return layout && { ...layout, leaf };
    }
    leaf += schema.slice(at, end).filter(({ children }) => children === 0).length;
    at = end;
  }
  return undefined;
}

/** Of an element and what lies in it, exclusive. */
export function endOf(schema: { children: number }[], start: number): number {
  let end = start;
  for (let open = 1; open > 0 && end < schema.length; end++) open += (schema[end]?.children ?? 0) - 1;
  return end;
}

/** https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists: a list has three levels. */
function layoutOf(elements: SchemaElement[], dimension: number) {
  const [column, middle, item, ...more] = elements;
  if (!column || column.repetition > optional || more.length > 0) return undefined;
  const level = column.repetition === required ? 0 : 1;
  if (!middle) return binaryLayout(column, level, dimension);
  const isList =
    column.children === 1 &&
    middle.children === 1 &&
    item?.children === 0 &&
    column.converted === convertedList;
  if (!isList || middle.repetition !== repeated || item.repetition > optional || item.type !== float)
    return undefined;
  const highestDefinition = level + 1 + (item.repetition === required ? 0 : 1);
  return { layout: "list" as const, type: float, highestDefinition };
}

function binaryLayout({ type, typeLength }: SchemaElement, highestDefinition: number, dimension: number) {
  if (type === byteArray) return { layout: "variable-binary" as const, type, highestDefinition };
  if (type !== fixedLenByteArray || typeLength !== 4 * dimension) return undefined;
  return { layout: "fixed-binary" as const, type, highestDefinition };
}

function readElement(reader: ThriftReader, type: number): SchemaElement {
  const element = { name: "", type: -1, typeLength: 0, repetition: required, children: 0, converted: -1 };
  reader.struct(type, {
    ...integers(reader, element, {
      1: "type",
      2: "typeLength",
      3: "repetition",
      5: "children",
      6: "converted",
    }),
    4: (field) => {
      element.name = reader.text(field);
    },
  });
  return element;
}

/** @param leaf number of the column among those that hold values */
function readRowGroup(reader: ThriftReader, type: number, leaf: number) {
  const group: { rows: number; chunk: StoredChunk | undefined } = { rows: 0, chunk: undefined };
  const readColumn = (element: number, index: number) => {
    if (index === leaf) group.chunk = readChunk(reader, element);
    else reader.struct(element, {});
  };
  reader.struct(type, {
    ...integers(reader, group, { 3: "rows" }),
    1: (field) => reader.list(field, readColumn),
  });
  return group;
}

function readChunk(reader: ThriftReader, type: number): StoredChunk {
  const chunk = {
    type: -1,
    codec: -1,
    values: -1,
    bytes: -1,
    dataAt: -1,
    dictionaryAt: -1,
    elsewhere: false,
  };
  const mark = (skip: (field: number) => void) => (field: number) => {
    chunk.elsewhere = true;
    skip(field);
  };
  const metadata = {
    1: "type",
    4: "codec",
    5: "values",
    7: "bytes",
    9: "dataAt",
    11: "dictionaryAt",
  } as const;
  reader.struct(type, {
    1: mark((field) => void reader.text(field)),
    3: (field) => reader.struct(field, integers(reader, chunk, metadata)),
    8: mark((field) => reader.struct(field, {})),
  });
  return chunk;
}

function integers<Name extends string>(
  reader: ThriftReader,
  into: { [name in Name]: number },
  names: Record<number, Name>,
): FieldReaders {
  return Object.fromEntries(
    Object.entries(names).map(([id, name]) => [
      id,
      (type: number) => {
        into[name] = reader.integer(type) as never;
      },
    ]),
  );
}
