import { limits } from "../../../config/limits.ts";
import { ThriftReader } from "../pages/thrift-reader.ts";

/** More than parquet-wasm is given to make objects of. */
class TooWide extends Error {}

/**
 * Looks a footer over before parquet-wasm reads it, which takes time by the square of its columns.
 * @param metadata of the file, with or without what follows it
 * @returns columns of which a part is encrypted; none where the metadata is damaged, which parquet-wasm says better
 * @throws Error for more columns than are read
 */
export function encryptedColumns(metadata: Uint8Array): string[] {
  try {
    return encryptedIn(new ThriftReader(metadata));
  } catch (error) {
    if (error instanceof TooWide) throw error;
    return [];
  }
}

/** https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (FileMetaData) */
function encryptedIn(reader: ThriftReader): string[] {
  let names: string[] = [];
  const found = new Set<string>();
  reader.fields({
    2: (type) => {
      names = columnOfEachLeaf(readSchema(reader, type));
    },
    4: (type) =>
      reader.list(type, (group) => {
        for (const leaf of encryptedLeaves(reader, group)) found.add(names[leaf] ?? "");
      }),
  });
  return [...found];
}

interface Element {
  name: string;
  children: number;
}

function readSchema(reader: ThriftReader, type: number): Element[] {
  const elements: Element[] = [];
  reader.list(type, (element) => {
    const read = { name: "", children: 0 };
    reader.struct(element, {
      4: (field) => {
        read.name = reader.text(field);
      },
      5: (field) => {
        read.children = reader.integer(field);
      },
    });
    if (elements.push(read) > limits.maxSchemaElements)
      throw new TooWide(`it has more than ${limits.maxSchemaElements} columns`);
  });
  return elements;
}

/** Elements are in depth-first order, the first is the schema itself. */
function columnOfEachLeaf([, ...elements]: Element[]): string[] {
  const names: string[] = [];
  let column = "";
  let open = 0;
  for (const { name, children } of elements) {
    if (open === 0) column = name;
    open = Math.max(0, open - 1) + children;
    if (children === 0) names.push(column);
  }
  return names;
}

/** Leaves of a row group whose chunks name a key: ColumnChunk.crypto_metadata. */
function encryptedLeaves(reader: ThriftReader, type: number): number[] {
  const leaves: number[] = [];
  const readChunk = (element: number, leaf: number) =>
    reader.struct(element, {
      8: (field) => {
        leaves.push(leaf);
        reader.struct(field, {});
      },
    });
  reader.struct(type, { 1: (field) => reader.list(field, readChunk) });
  return leaves;
}
