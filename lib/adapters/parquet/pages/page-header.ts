import { ThriftReader } from "./thrift-reader.ts";

/** What a page says of itself. Nothing of it is checked: sizes and counts may be forged. */
export interface PageHeader {
  kind: "data" | "data-v2" | "dictionary";
  encoding: number;
  /** Nulls count, too. */
  values: number;
  storedBytes: number;
  /** Uncompressed. */
  bytes: number;
  /** Of the levels, which are not compressed in a page of version 2. */
  repetitionBytes: number;
  definitionBytes: number;
  /** Whether the values are, or in version 1 levels and values together. */
  compressed: boolean;
  /** Whether levels are in the run-length/bit-packing hybrid, not in the bit-packing that it has replaced. */
  hybridLevels: boolean;
}

const kinds = { 0: "data", 2: "dictionary", 3: "data-v2" } as const;
const hybrid = 3;

/**
 * Reads the header of a page, which is followed by `storedBytes` of data.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (PageHeader)
 * @throws Error for a page of another kind, or bytes that are none
 */
export function readPageHeader(bytes: Uint8Array): { header: PageHeader; length: number } {
  const reader = new ThriftReader(bytes);
  const integers = {
    ...{ type: -1, bytes: -1, storedBytes: -1, values: -1, encoding: -1 },
    ...{ repetitionBytes: 0, definitionBytes: 0, repetitionEncoding: hybrid, definitionEncoding: hybrid },
  };
  let compressed = true;
  const put = (name: keyof typeof integers) => (type: number) => {
    integers[name] = reader.integer(type);
  };
  const dictionary = { 1: put("values"), 2: put("encoding") };
  const version1 = { ...dictionary, 3: put("definitionEncoding"), 4: put("repetitionEncoding") };
  const version2 = {
    1: put("values"),
    4: put("encoding"),
    5: put("definitionBytes"),
    6: put("repetitionBytes"),
    7: (type: number) => {
      compressed = reader.boolean(type);
    },
  };
  reader.fields({
    1: put("type"),
    2: put("bytes"),
    3: put("storedBytes"),
    5: (type) => reader.struct(type, version1),
    7: (type) => reader.struct(type, dictionary),
    8: (type) => reader.struct(type, version2),
  });
  const { type, definitionEncoding, repetitionEncoding, ...sizes } = integers;
  const kind = kinds[type as keyof typeof kinds];
  if (!kind || Object.values(sizes).some((size) => size < 0)) throw new Error("a page has no header");
  const hybridLevels = definitionEncoding === hybrid && repetitionEncoding === hybrid;
  return { header: { kind, ...sizes, compressed, hybridLevels }, length: reader.at };
}
