import { limits } from "../../../config/limits.ts";
import type { FileTail, ReadRange } from "./file-tail.ts";
import { readPageHeader } from "./page-header.ts";
import { type FieldReaders, ThriftReader } from "./thrift-reader.ts";

/** A column chunk of strings, or of lists of them. */
interface Chunk {
  group: number;
  leaf: number;
  values: number;
  /** As encoded. */
  bytes: number;
  dictionaryAt: number;
  /** Of the values by themselves, where the writer has counted them; else -1. */
  plainBytes: number;
}

const byteArray = 6;
/** More than a header of a dictionary takes. */
const headerBytes = 256;

/**
 * How much larger each row group is than its footer says, which counts a value of a dictionary once, however many rows
 * have it. Some writers count the bytes of the values, too; else a dictionary's own header tells the mean of its
 * entries, and one is read for each column where a row group might be too large by it.
 * @returns bytes by row group; none where the metadata is damaged, which the decoder says better
 */
export async function bytesInDictionaries(tail: FileTail, read: ReadRange): Promise<number[]> {
  const more: number[] = [];
  const widths = new Map<number, number>();
  for (const chunk of chunksIn(tail.bytes)) {
    const plain = chunk.plainBytes >= 0 ? chunk.plainBytes : await estimated(chunk, widths, read);
    more[chunk.group] = (more[chunk.group] ?? 0) + Math.max(0, plain - chunk.bytes);
  }
  return more;
}

async function estimated(chunk: Chunk, widths: Map<number, number>, read: ReadRange): Promise<number> {
  if (chunk.dictionaryAt <= 0 || chunk.values * chunk.bytes <= limits.maxUnitBytes) return 0;
  const width = widths.get(chunk.leaf) ?? (await meanWidth(chunk, read));
  widths.set(chunk.leaf, width);
  return chunk.values * width;
}

/** Of a dictionary's entries, of which its chunk holds at least one. */
async function meanWidth({ dictionaryAt, bytes }: Chunk, read: ReadRange): Promise<number> {
  const start = await read(dictionaryAt, dictionaryAt + headerBytes);
  try {
    const { header } = readPageHeader(start);
    if (header.kind !== "dictionary" || header.values <= 0) return 0;
    return Math.min(header.bytes, bytes) / header.values;
  } catch {
    return 0; // what is damaged is left to the decoder
  }
}

/** https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (RowGroup, ColumnMetaData) */
function chunksIn(metadata: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  const reader = new ThriftReader(metadata);
  const readGroup = (type: number, group: number) =>
    reader.struct(type, {
      1: (field) =>
        reader.list(field, (element, leaf) => {
          const chunk = { group, leaf, type: -1, values: 0, bytes: 0, dictionaryAt: 0, plainBytes: -1 };
          reader.struct(element, { 3: (field) => reader.struct(field, chunkReaders(reader, chunk)) });
          if (chunk.type === byteArray) chunks.push(chunk);
        }),
    });
  try {
    reader.fields({ 4: (type) => reader.list(type, readGroup) });
  } catch {
    return [];
  }
  return chunks;
}

function chunkReaders(reader: ThriftReader, chunk: Chunk & { type: number }): FieldReaders {
  const put = (name: "type" | "values" | "bytes" | "dictionaryAt" | "plainBytes") => (type: number) => {
    chunk[name] = reader.integer(type);
  };
  return {
    ...{ 1: put("type"), 5: put("values"), 6: put("bytes"), 11: put("dictionaryAt") },
    16: (type) => reader.struct(type, { 1: put("plainBytes") }),
  };
}
