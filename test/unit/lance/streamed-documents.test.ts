import {
  Binary,
  Bool,
  type DataType,
  DateMillisecond,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float16,
  Float32,
  Float64,
  Int32,
  Int64,
  LargeUtf8,
  List,
  makeData,
  Null,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimestampMicrosecond,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { streamedDocuments } from "../../../lib/adapters/lance/documents/streamed-documents.ts";
import { limits } from "../../../lib/config/limits.ts";
import { DomainError } from "../../../lib/domain/errors.ts";

interface Given {
  type: DataType;
  values: unknown[];
  metadata?: Map<string, string>;
}

function tableOf(columns: Record<string, Given>): Table {
  const entries = Object.entries(columns);
  const fields = entries.map(([name, { type, metadata }]) => new Field(name, type, true, metadata));
  const children = entries.map(([, { type, values }]) => vectorFromArray(values, type).data[0]);
  const length = entries[0]?.[1].values.length ?? 0;
  const data = makeData({ type: new Struct(fields), length, nullCount: 0, children: children as never });
  const schema = new Schema(fields);
  return new Table(schema, new RecordBatch(schema, data));
}

const streamOf = (columns: Record<string, Given>) => tableToIPC(tableOf(columns), "stream");

const small = streamOf({
  id: { type: new Utf8(), values: ["a", "b", null] },
  vector: {
    type: new FixedSizeList(2, new Field("item", new Float32(), true)),
    values: [[1, 2], [3, 4], null],
  },
  tags: { type: new List(new Field("item", new Utf8(), true)), values: [["x", null], [], null] },
  kind: { type: new Dictionary(new Utf8(), new Int32()), values: ["p", "q", "p"] },
  flag: { type: new Bool(), values: [true, null, false] },
});

const refusalOf = (stream: Uint8Array): DomainError => {
  try {
    streamedDocuments(stream);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error("it was taken");
};

describe("documents of an Arrow IPC stream", () => {
  test("have their values as JSON has them, whatever their columns are", () => {
    const metadata = new Map([["ARROW:extension:name", "arrow.uuid"]]);
    const uuid = Uint8Array.from({ length: 16 }, (_, i) => i);
    const { columns, documents } = streamedDocuments(
      streamOf({
        id: { type: new LargeUtf8(), values: ["\ufeffa", "größe 😀"] },
        whole: { type: new Int64(), values: [7n, 9007199254740993n] },
        real: { type: new Float64(), values: [0.1, Number.NaN] },
        half: { type: new Float16(), values: [0.5, 2] },
        at: { type: new TimestampMicrosecond(), values: [0, 1_500] },
        day: { type: new DateMillisecond(), values: [new Date(86_400_000), null] },
        raw: { type: new Binary(), values: [new Uint8Array([0]), null] },
        uid: { type: new FixedSizeBinary(16), values: [uuid, uuid], metadata },
        none: { type: new Null(), values: [null, null] },
        kind: { type: new Dictionary(new Utf8(), new Int32()), values: ["y", null] },
        many: { type: new List(new Field("item", new Int32(), true)), values: [[1, null], []] },
      }),
    );
    expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toMatchObject({
      ...{ id: "Utf8", whole: "Int64", half: "Float32", day: "Timestamp<MILLISECOND>", uid: "Utf8" },
      ...{ none: "Null", kind: "Utf8", many: "List<Int32>", raw: "Binary" },
    });
    expect(documents[0]).toMatchObject({
      ...{
        id: "\ufeffa",
        whole: 7,
        real: 0.1,
        half: 0.5,
        raw: "AA==",
        none: null,
        kind: "y",
        many: [1, null],
      },
      ...{ day: "1970-01-02T00:00:00.000Z", uid: "00010203-0405-0607-0809-0a0b0c0d0e0f" },
    });
    expect(documents[1]).toMatchObject({
      ...{ id: "größe 😀", whole: "9007199254740993", real: "NaN", day: null, kind: null, many: [] },
    });
  });

  test("of several batches come one after the other, each with its own dictionary", () => {
    const one = tableOf({ id: { type: new Dictionary(new Utf8(), new Int32(), 1), values: ["a", "b"] } });
    const both = tableToIPC(one.concat(one), "stream");
    expect(streamedDocuments(both).documents.map(({ id }) => id)).toEqual(["a", "b", "a", "b"]);
  });

  test("columns that cannot be stored are refused by name, all of them", () => {
    const struct = new Struct([new Field("a", new Utf8(), true)]);
    const listed = new List(new Field("item", new Dictionary(new Utf8(), new Int32()), true));
    const refused = refusalOf(
      streamOf({
        id: { type: new Utf8(), values: ["a"] },
        both: { type: struct, values: [{ a: "x" }] },
        kinds: { type: listed, values: [] },
      }),
    );
    expect(refused.issues.map(({ path }) => path)).toEqual(["schema.both", "schema.kinds"]);
  });

  test("text that is no UTF-8 is none that a document can have", () => {
    const stream = streamOf({ id: { type: new Utf8(), values: ["abcd"] } });
    const at = Buffer.from(stream).indexOf("abcd");
    stream[at] = 0xff;
    expect(String(streamedDocuments(stream).documents[0]?.["id"]).isWellFormed()).toBe(false);
  });

  test("more documents, or values, than a request may have are refused before they are there", () => {
    const values = new Array(limits.maxDocuments + 1).fill(null);
    expect(refusalOf(streamOf({ id: { type: new Null(), values } })).message).toContain("10000 documents");
  });

  test("a dictionary does not stand for more text than a request has room for", () => {
    const kind = new Dictionary(new Utf8(), new Int32());
    const long = "x".repeat(100_000);
    const stream = streamOf({ kind: { type: kind, values: new Array(1_000).fill(long) } });
    expect(stream.length).toBeLessThan(200_000);
    expect(refusalOf(stream).message).toContain("dictionaries");
  });

  test("what is no stream, or cut off, or a file, is said to be so", () => {
    for (const bytes of [
      new Uint8Array(3),
      small.subarray(0, small.length / 2),
      Buffer.from('{"documents": []}'),
    ])
      expect(refusalOf(new Uint8Array(bytes)).message).toMatch(/no Arrow IPC stream/);
    expect(refusalOf(tableToIPC(tableFromIPC(small), "file")).message).toContain("send a stream");
  });

  test("one with compressed buffers is refused before they are made larger", () => {
    const lz4 = Buffer.from(compressedStream, "base64");
    expect(refusalOf(new Uint8Array(lz4)).message).toContain("compressed");
  });

  test("damaged in any bytes it is read or refused, in little time and memory", () => {
    const damage = fc.record({ at: fc.nat(small.length - 1), byte: fc.nat(255) });
    const far = fc.record({
      at: fc.nat(small.length - 8),
      number: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    });
    fc.assert(
      fc.property(fc.array(damage, { maxLength: 6 }), fc.option(far), (changes, wide) => {
        const bytes = Uint8Array.from(small);
        for (const { at, byte } of changes) bytes[at] = byte;
        if (wide) new DataView(bytes.buffer).setBigInt64(wide.at, wide.number, true);
        try {
          const { documents } = streamedDocuments(bytes);
          expect(documents.length).toBeLessThanOrEqual(limits.maxDocuments);
        } catch (error) {
          expect(error).toMatchObject({ kind: "BadRequest" });
        }
      }),
      { numRuns: 20_000 },
    );
  }, 120_000);

  test("each number of it made as large as it can be is read or refused", () => {
    for (let at = 0; at + 4 <= small.length; at += 1)
      for (const number of [0x7fff_ffff, -2, 0x0100_0000]) {
        const bytes = Uint8Array.from(small);
        new DataView(bytes.buffer).setInt32(at, number, true);
        try {
          streamedDocuments(bytes);
        } catch (error) {
          expect(error).toMatchObject({ kind: "BadRequest" });
        }
      }
  }, 120_000);
});

/** A hundred ids, written by pyarrow with LZ4. */
const compressedStream =
  "/////3AAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAEAAAAUAAAAEAAUAAgABgAHAAwAAAAQABAAAAAAAAEFEAAAABgAAAAEAAAAAAAAAAIAAABpZAAABAAEAAQAAAAAAAAA/////6gAAAAUAAAAAAAAAAwAGAAGAAUACAAMAAwAAAAAAwQAHAAAANgBAAAAAAAAAAAAAAwAHAAQAAQACAAMAAwAAABYAAAAHAAAABQAAABkAAAAAAAAAAAAAAAEAAQABAAAAAMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACrAQAAAAAAALABAAAAAAAAIgAAAAAAAAAAAAAAAQAAAGQAAAAAAAAAAAAAAAAAAACUAQAAAAAAAAQiTRhgQIKUAQCAAAAAAAEAAAACAAAAAwAAAAQAAAAFAAAABgAAAAcAAAAIAAAACQAAAAoAAAALAAAADAAAAA0AAAAOAAAADwAAABAAAAARAAAAEgAAABMAAAAUAAAAFQAAABYAAAAXAAAAGAAAABkAAAAaAAAAGwAAABwAAAAdAAAAHgAAAB8AAAAgAAAAIQAAACIAAAAjAAAAJAAAACUAAAAmAAAAJwAAACgAAAApAAAAKgAAACsAAAAsAAAALQAAAC4AAAAvAAAAMAAAADEAAAAyAAAAMwAAADQAAAA1AAAANgAAADcAAAA4AAAAOQAAADoAAAA7AAAAPAAAAD0AAAA+AAAAPwAAAEAAAABBAAAAQgAAAEMAAABEAAAARQAAAEYAAABHAAAASAAAAEkAAABKAAAASwAAAEwAAABNAAAATgAAAE8AAABQAAAAUQAAAFIAAABTAAAAVAAAAFUAAABWAAAAVwAAAFgAAABZAAAAWgAAAFsAAABcAAAAXQAAAF4AAABfAAAAYAAAAGEAAABiAAAAYwAAAGQAAAAAAAAAAAAAAABkAAAAAAAAAAQiTRhgQIILAAAAH2EBAEtQYWFhYWEAAAAAAAAAAAAA/////wAAAAA=";
