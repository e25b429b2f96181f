import { readVarint } from "../../varint.ts";
/**
 * Writers that know Arrow (Polars, pyarrow) keep its schema in the Parquet metadata, and the decoder follows it: a list
 * is then decoded as a large list and a string as a view, which Arrow for JavaScript cannot read. Parquet itself does
 * not know the difference, so the hint is changed to the plain type, byte for byte, before the decoder sees it.
 */
export function preferPlainTypes(metadata: Uint8Array): void {
  const text = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.length);
  const at = text.indexOf(hintKey);
  if (at < 0) return;
  try {
    rewrite(text, at + hintKey.length);
  } catch (error) {
    // A hint that cannot be followed is damaged: the decoder says so, or does without it.
    if (!(error instanceof RangeError)) throw error;
  }
}

const hintKey = "ARROW:schema";
/** Header of a thrift field: the one after the last, of type binary. */
const thriftBinary = 0x18;
/** Members of Arrow's union `Type`; these hold nothing, so that one can stand for another. */
const plainTypes = new Map([
  [19, 4], // LargeBinary → Binary
  [20, 5], // LargeUtf8 → Utf8
  [21, 12], // LargeList → List
  [23, 4], // BinaryView → Binary
  [24, 5], // Utf8View → Utf8
  [25, 12], // ListView → List
  [26, 12], // LargeListView → List
]);
/** More fields than a damaged schema may make us visit. */
const maxFields = 100_000;

/** The encapsulated Arrow message with the schema of whoever wrote the file, where the metadata has one. */
export function hintIn(metadata: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.length);
  const at = text.indexOf(hintKey);
  if (at < 0) return undefined;
  const { start, end } = valueAt(text, at + hintKey.length);
  return Buffer.from(text.toString("latin1", start, end), "base64");
}

function rewrite(text: Buffer, at: number): void {
  const { start, end } = valueAt(text, at);
  const encoded = text.toString("latin1", start, end);
  const message = Buffer.from(encoded, "base64");
  retype(message);
  const plain = message.toString("base64");
  if (plain.length === encoded.length) text.write(plain, start, "latin1");
}

/** The value of a thrift pair whose key ends here: field 2 of type binary, its length as a varint, its bytes. */
function valueAt(text: Buffer, at: number): { start: number; end: number } {
  if (text.readUInt8(at) !== thriftBinary) throw new RangeError("the hint has no value");
  const cursor = { at: at + 1 };
  const length = readVarint(text, cursor);
  const start = cursor.at;
  if (start + length > text.length) throw new RangeError("the hint is longer than the metadata");
  return { start, end: start + length };
}

/** Changes the types of all fields of an encapsulated Arrow message that holds a schema. */
function retype(message: Buffer): void {
  const root = message.readUInt32LE(0) === 0xffffffff ? 8 : 4;
  const schema = tableAt(message, slot(message, follow(message, root), 8));
  const left = tablesIn(message, slot(message, schema, 6));
  for (let visited = 0; left.length > 0 && visited < maxFields; visited++) {
    const field = left.pop() as number;
    const type = slot(message, field, 8);
    const plain = type && plainTypes.get(message.readUInt8(type));
    if (plain) message.writeUInt8(plain, type);
    for (const child of tablesIn(message, slot(message, field, 14))) left.push(child);
  }
}

/** Where a table of a flatbuffer keeps a field; 0 when it does not. */
function slot(buffer: Buffer, table: number, field: number): number {
  const vtable = table - buffer.readInt32LE(table);
  const offset = field < buffer.readUInt16LE(vtable) ? buffer.readUInt16LE(vtable + field) : 0;
  return offset === 0 ? 0 : table + offset;
}

const follow = (buffer: Buffer, at: number) => at + buffer.readUInt32LE(at);

function tableAt(buffer: Buffer, at: number): number {
  if (at === 0) throw new RangeError("the hint holds no schema");
  return follow(buffer, at);
}

function tablesIn(buffer: Buffer, at: number): number[] {
  if (at === 0) return [];
  const vector = follow(buffer, at);
  const length = buffer.readUInt32LE(vector);
  if (vector + 4 + 4 * length > buffer.length) throw new RangeError("the hint is cut short");
  return Array.from({ length }, (_, i) => follow(buffer, vector + 4 + 4 * i));
}
