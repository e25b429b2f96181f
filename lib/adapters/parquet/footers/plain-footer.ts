import { type FileTail, trailerBytes } from "../pages/file-tail.ts";
import { enough, ThriftReader } from "../pages/thrift-reader.ts";
import { endOf } from "../pages/vector-chunks.ts";

/** A file's tail in which columns are described so that the decoder reads them without loss. */
export interface PlainTail {
  tail: FileTail;
  /** Of the file with this tail in the place of its own. */
  bytes: number;
  /** Columns that hold, or whose lists hold, INT96, which the decoder now takes for 12 bytes of any kind. */
  int96: Set<string>;
}

interface Edit {
  at: number;
  removed: number;
  inserted: number[];
}

/** An element of the schema, with the places of what may be edited. */
interface Element {
  name: string;
  nameEnd: number;
  children: number;
  type: number;
  typeAt: number;
  lengthAt: number;
  convertedAt: number;
  /** Of the header of what the union `LogicalType` holds. */
  logicalAt: number;
}

const [int96, fixedBytes] = [3, 7];
const int96Bytes = 12;
const converted = { utf8: 0, list: 3, enum: 4 };
/** Headers of members of the union: their ids, and that they are structs. */
const logical = { string: 0x1c, list: 0x3c, enum: 0x4c };
/** Header of the field after the last, of an integer. */
const nextInteger = 0x15;
/** Small numbers as the compact protocol writes them. */
const zigzag = (value: number) => 2 * value;

/**
 * What the decoder would get wrong, said otherwise, so that it gets it right:
 * - INT96, which it makes nanoseconds of 64 bits, which wrap before 1677 and after 2262: 12 bytes.
 * - ENUM, which is text, and to it binary: a string.
 * - Lists whose middle level is called `array`, as DuckDB wrote them up to 1.2, which it takes for lists of structs.
 *
 * @param tail of a file; what is damaged is left to the decoder, which says so
 */
export function plainFooter(tail: FileTail): PlainTail {
  const found = { edits: [] as Edit[], int96: new Set<string>() };
  try {
    findEdits(tail.bytes, found);
  } catch {
    return { tail, bytes: tail.start + tail.bytes.length, int96: new Set() };
  }
  const bytes = found.edits.length > 0 ? edited(tail.bytes, found.edits) : tail.bytes;
  return { tail: { start: tail.start, bytes }, bytes: tail.start + bytes.length, int96: found.int96 };
}

/** FileMetaData: 2 is the schema, 4 the row groups. https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
function findEdits(metadata: Uint8Array, found: { edits: Edit[]; int96: Set<string> }): void {
  const reader = new ThriftReader(metadata);
  reader.fields({
    2: (type) => {
      const schema: Element[] = [];
      reader.list(type, (element) => schema.push(readElement(reader, element)));
      for (const column of columnsIn(schema)) {
        found.edits.push(
          ...column.flatMap((one) => typeEdits(metadata, one)),
          ...listEdits(metadata, column),
        );
        if (column[0] && column.some(({ type: physical }) => physical === int96))
          found.int96.add(column[0].name);
      }
    },
    4: (type) => {
      if (found.int96.size === 0) return enough;
      reader.list(type, (element) => readChunks(reader, element, found.edits));
      return enough;
    },
  });
}

/** Each column with what lies in it, in depth-first order; the first element is the schema itself. */
function* columnsIn(schema: Element[]): Generator<Element[]> {
  for (let at = 1; at < schema.length; ) {
    const end = endOf(schema, at);
    yield schema.slice(at, end);
    at = end;
  }
}

function readElement(reader: ThriftReader, type: number): Element {
  const element = {
    ...{ name: "", nameEnd: 0, children: 0, type: -1, typeAt: 0, lengthAt: 0, convertedAt: 0, logicalAt: 0 },
  };
  const place = (name: "typeAt" | "lengthAt" | "convertedAt", also?: (value: number) => void) => {
    return (field: number) => {
      element[name] = reader.at;
      const value = reader.integer(field);
      also?.(value);
    };
  };
  reader.struct(type, {
    1: place("typeAt", (value) => {
      element.type = value;
    }),
    2: place("lengthAt"),
    4: (field) => {
      element.name = reader.text(field);
      element.nameEnd = reader.at;
    },
    5: (field) => {
      element.children = reader.integer(field);
    },
    6: place("convertedAt"),
    10: (field) => {
      element.logicalAt = reader.at;
      reader.struct(field, {});
    },
  });
  return element;
}

function typeEdits(
  metadata: Uint8Array,
  { type, typeAt, lengthAt, convertedAt, logicalAt }: Element,
): Edit[] {
  const edits: Edit[] = [];
  if (convertedAt > 0 && metadata[convertedAt] === zigzag(converted.enum))
    edits.push({ at: convertedAt, removed: 1, inserted: [zigzag(converted.utf8)] });
  if (logicalAt > 0 && metadata[logicalAt] === logical.enum)
    edits.push({ at: logicalAt, removed: 1, inserted: [logical.string] });
  if (type !== int96) return edits;
  edits.push({ at: typeAt, removed: 1, inserted: [zigzag(fixedBytes)] });
  if (lengthAt > 0) edits.push({ at: lengthAt, removed: 1, inserted: [zigzag(int96Bytes)] });
  else edits.push(lengthAfter(metadata, typeAt + 1));
  return edits;
}

/** Inserts the length after the type; the header of the next field tells how many ids it is away. */
function lengthAfter(metadata: Uint8Array, at: number): Edit {
  const header = metadata[at] ?? 0;
  const nearer = header >> 4 === 0 ? header : header - 0x10;
  return { at, removed: 1, inserted: [nextInteger, zigzag(int96Bytes), nearer] };
}

/** `optional group column (LIST) { repeated group array { optional T element } }` */
function listEdits(metadata: Uint8Array, [column, middle, item, ...more]: Element[]): Edit[] {
  const isList =
    column &&
    (metadata[column.convertedAt] === zigzag(converted.list) || metadata[column.logicalAt] === logical.list);
  if (!isList || middle?.name !== "array" || middle.children !== 1 || more.length > 0) return [];
  if (item?.name !== "element" || item.children > 0) return [];
  return [{ at: middle.nameEnd - middle.name.length, removed: 5, inserted: [...Buffer.from("lists")] }];
}

/** RowGroup: 1 are its columns. ColumnChunk: 3 is its metadata. ColumnMetaData: 1 is the type. */
function readChunks(reader: ThriftReader, type: number, edits: Edit[]): void {
  const readType = (field: number) => {
    const at = reader.at;
    if (reader.integer(field) === int96) edits.push({ at, removed: 1, inserted: [zigzag(fixedBytes)] });
  };
  const readChunk = (element: number) =>
    reader.struct(element, { 3: (field) => reader.struct(field, { 1: readType }) });
  reader.struct(type, { 1: (field) => reader.list(field, readChunk) });
}

/** The metadata with edits, which are in the order of their places, and the length of all that follows it. */
function edited(tail: Uint8Array, edits: Edit[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const edit of edits.sort((a, b) => a.at - b.at)) {
    parts.push(tail.subarray(at, edit.at), Uint8Array.from(edit.inserted));
    at = edit.at + edit.removed;
  }
  const metadata = Buffer.concat([...parts, tail.subarray(at, tail.length - trailerBytes)]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(metadata.length);
  return Uint8Array.from(Buffer.concat([metadata, length, tail.subarray(tail.length - 4)]));
}
